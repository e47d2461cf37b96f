# Tests of webhook/image/{reference,gather,registry}: what fetches signature material.
writ_test(gather LIBRARIES writ_gather OpenSSL::SSL OpenSSL::Crypto SOURCES
  unit/gather/image_reference_test.cc
)
