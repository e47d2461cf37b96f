# Tests of webhook/image/{reference,gather,registry}: what fetches signature material.
writ_test(gather LIBRARIES writ_registry writ_gather OpenSSL::SSL OpenSSL::Crypto SOURCES
  support/memory_registry.cc
  unit/gather/collector_test.cc
  unit/gather/image_manifest_test.cc
  unit/gather/image_reference_test.cc
  unit/gather/layout_source_test.cc
  support/scripted_server.cc
  unit/gather/registry_auth_test.cc
  unit/gather/registry_client_test.cc
  unit/gather/registry_listing_test.cc
  unit/gather/registry_text_test.cc
  unit/webhook/test_client.cc
)
