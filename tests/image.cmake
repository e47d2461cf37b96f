# Tests of webhook/image/{trust,log,verify}: what judges signatures. The vectors have runners of their own (conformance.cmake).

# A private Sigstore in the process, for unit tests, fuzz targets and benchmarks.
add_library(writ_test_sigstore STATIC support/test_sigstore.cc unit/image/test_pki.cc)
target_link_libraries(writ_test_sigstore PUBLIC writ_image OpenSSL::Crypto)

writ_test(image LIBRARIES writ_test_sigstore OpenSSL::Crypto SOURCES
  unit/image/attack_test.cc
  unit/image/certificate_test.cc
  unit/image/encoding_test.cc
  unit/image/log_test.cc
  unit/image/p384_verifier_test.cc
  unit/image/public_key_test.cc
  unit/image/signer_test.cc
  unit/image/timestamp_token_test.cc
  unit/image/trust_root_test.cc
  unit/image/verifier_test.cc
)
