# writ_cel_conformance: runs folders of CEL conformance vectors; `./dev conformance cel DIR`.
find_package(nlohmann_json REQUIRED)
add_executable(writ_cel_conformance conformance/cel_runner.cc conformance/cel_values.cc)
target_link_libraries(writ_cel_conformance PRIVATE writ_cli nlohmann_json::nlohmann_json ${RE2_LIBRARY})
if(EXISTS ${CMAKE_SOURCE_DIR}/../shared/vectors/cel)
  add_test(NAME conformance_cel COMMAND writ_cel_conformance ${CMAKE_SOURCE_DIR}/../shared/vectors/cel)
endif()

# writ_cosign_conformance: runs folders of cosign vectors; `./dev conformance cosign DIR`.
add_executable(writ_cosign_conformance conformance/cosign_case.cc conformance/cosign_judge.cc conformance/cosign_runner.cc
  conformance/own_process.cc support/memory_registry.cc)
target_link_libraries(writ_cosign_conformance PRIVATE writ_registry writ_gather writ_image nlohmann_json::nlohmann_json OpenSSL::Crypto)
if(EXISTS ${CMAKE_SOURCE_DIR}/../shared/vectors/cosign)
  add_test(NAME conformance_cosign COMMAND writ_cosign_conformance ${CMAKE_SOURCE_DIR}/../shared/vectors/cosign)
endif()

# writ_sigstore_conformance: runs folders of image-signature vectors; `./dev conformance sigstore DIR`.
add_executable(writ_sigstore_conformance conformance/own_process.cc conformance/sigstore_case.cc conformance/sigstore_runner.cc)
target_link_libraries(writ_sigstore_conformance PRIVATE writ_gather writ_image nlohmann_json::nlohmann_json)
if(EXISTS ${CMAKE_SOURCE_DIR}/../shared/vectors/sigstore)
  add_test(NAME conformance_sigstore COMMAND writ_sigstore_conformance ${CMAKE_SOURCE_DIR}/../shared/vectors/sigstore)
endif()

# Kubernetes' CEL vectors through the program; `./dev conformance k8scel DIR`. Without the folder the suite says so.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME conformance_k8scel COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/conformance/k8scel_runner.py
  --writ $<TARGET_FILE:writ> ${CMAKE_SOURCE_DIR}/../shared/vectors/k8scel)

# Runners on folders made up for them.
add_test(NAME conformance_runners COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/conformance/runners_test.py --writ $<TARGET_FILE:writ>
  --sigstore $<TARGET_FILE:writ_sigstore_conformance> --cosign $<TARGET_FILE:writ_cosign_conformance>)
