# Tests of webhook/image/{trust,log,verify}: what judges signatures. The vectors have runners of their own (conformance.cmake).
writ_test(image LIBRARIES writ_image OpenSSL::Crypto SOURCES
  support/test_sigstore.cc
  unit/image/attack_test.cc
  unit/image/certificate_test.cc
  unit/image/encoding_test.cc
  unit/image/log_test.cc
  unit/image/public_key_test.cc
  unit/image/signer_test.cc
  unit/image/test_pki.cc
  unit/image/timestamp_token_test.cc
  unit/image/trust_root_test.cc
  unit/image/verifier_test.cc
)
