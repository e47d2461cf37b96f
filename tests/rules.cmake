# Hand-built programs, for every folder's tests.
add_library(writ_test_support STATIC support/program_builder.cc)
target_link_libraries(writ_test_support PUBLIC writ_rules)

find_package(nlohmann_json REQUIRED)
# The front end writes expressions for text_test, the engine evaluates what verify_test has mutated.
writ_test(rules LIBRARIES writ_test_support writ_dsl writ_engine writ_rules nlohmann_json::nlohmann_json SOURCES
  unit/rules/base_test.cc
  unit/rules/bundle_test.cc
  unit/rules/canonical_name_test.cc
  unit/rules/dump_test.cc
  unit/rules/glob_test.cc
  unit/rules/index_test.cc
  unit/rules/kubernetes_kind_test.cc
  unit/rules/places_test.cc
  unit/rules/resource_uri_peer_test.cc
  unit/rules/resource_uri_test.cc
  unit/rules/printable_test.cc
  unit/rules/text_test.cc
  unit/rules/rule_key_test.cc
  unit/rules/type_test.cc
  unit/rules/verify_test.cc
)

# The tables of docs/ that are made from our lists; `writ_reference_tables --update` rewrites them.
add_executable(writ_reference_tables tools/reference_tables.cc)
target_link_libraries(writ_reference_tables PRIVATE writ_rules)
target_compile_definitions(writ_reference_tables PRIVATE WRIT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
add_test(NAME reference_tables COMMAND writ_reference_tables --check)

# The function library: every row, by the compiler and by the engine.
writ_test(function LIBRARIES writ_test_support writ_engine writ_dsl SOURCES
  oracle/naive_functions.cc
  unit/rules/function_test.cc
)
