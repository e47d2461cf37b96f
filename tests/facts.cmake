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
