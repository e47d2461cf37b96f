# The reference evaluator and the randomized differential test.
find_package(nlohmann_json REQUIRED)
writ_test(differential LIBRARIES writ_engine writ_dsl nlohmann_json::nlohmann_json ${RE2_LIBRARY}
  SOURCES oracle/oracle.cc differential/generator.cc differential/differential_test.cc)
