# The writ command: units, the built program from outside, and documents whose commands and outputs are replayed.
writ_test(cli LIBRARIES writ_cli SOURCES
  unit/cli/cel_encoding_test.cc
  unit/cli/diff_test.cc
  unit/cli/manifest_test.cc
  unit/cli/text_test.cc
  unit/cli/yaml_scalar_test.cc
)
add_test(NAME layering COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/layering.py ${CMAKE_SOURCE_DIR})
add_test(NAME run_py COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/run_py_test.py)
add_test(NAME named_tests COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/named_tests.py)
add_test(NAME console COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cli/console_test.py --writ $<TARGET_FILE:writ>)
add_test(NAME cli_inputs COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cli/inputs_test.py --writ $<TARGET_FILE:writ>)
add_test(NAME cli_signatures COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cli/signatures_test.py --writ $<TARGET_FILE:writ>)
add_test(NAME cli_library COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cli/library_test.py --writ $<TARGET_FILE:writ>)
add_test(NAME policies COMMAND writ test ${CMAKE_SOURCE_DIR}/policies)
add_test(NAME policies_strict COMMAND writ check --strict ${CMAKE_SOURCE_DIR}/policies)
add_test(NAME good_manifests COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/library/good_test.py --writ $<TARGET_FILE:writ>)
add_test(NAME library_page COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/library_page.py --writ $<TARGET_FILE:writ> --check)
add_test(NAME docs COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/docs_replay.py --writ $<TARGET_FILE:writ>)
# What `./dev test --loader` compares with kubectl's own loader.
add_executable(writ_read_manifests e2e/loader/read_manifests.cc)
target_link_libraries(writ_read_manifests PRIVATE writ_cli)
