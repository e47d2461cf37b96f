# Tests of webhook/image/facts: signers from files, and facts gathered over a registry in memory.
writ_test(facts LIBRARIES writ_facts OpenSSL::Crypto SOURCES
  support/image_facts_fixture.cc
  support/memory_registry.cc
  unit/facts/cosign_vectors_test.cc
  unit/facts/fact_gatherer_test.cc
  unit/facts/judgement_cache_test.cc
  unit/facts/signer_set_test.cc
  unit/image/test_pki.cc
)
# A program of its own: it counts every byte that is allocated.
writ_test(hostile LIBRARIES writ_facts writ_registry OpenSSL::SSL OpenSSL::Crypto SOURCES
  support/image_facts_fixture.cc
  support/memory_registry.cc
  support/scripted_server.cc
  unit/facts/hostile_registry_test.cc
  unit/image/test_pki.cc
)
