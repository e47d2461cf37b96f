# The reference evaluator and the randomized differential test.
find_package(nlohmann_json REQUIRED)
writ_test(differential LIBRARIES writ_engine writ_dsl nlohmann_json::nlohmann_json ${RE2_LIBRARY}
  SOURCES oracle/oracle.cc differential/generator.cc differential/differential_test.cc)

writ_test(residual_laws LIBRARIES writ_engine writ_dsl nlohmann_json::nlohmann_json
  SOURCES differential/generator.cc differential/residual_test.cc)

# Spellings of URIs beside what Python, node and pydantic make of them.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME uri_spellings COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/differential/spellings_test.py --writ $<TARGET_FILE:writ>)

writ_test(fields LIBRARIES writ_engine writ_dsl nlohmann_json::nlohmann_json
  SOURCES differential/generator.cc differential/fields_test.cc)
