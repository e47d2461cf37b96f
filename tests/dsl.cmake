find_package(nlohmann_json REQUIRED)
writ_test(dsl LIBRARIES writ_dsl nlohmann_json::nlohmann_json SOURCES
  unit/dsl/check_test.cc
  unit/dsl/compiler_test.cc
  unit/dsl/diagnostic_test.cc
  unit/dsl/format_test.cc
  unit/dsl/lexer_test.cc
  unit/dsl/lower_test.cc
  unit/dsl/parser_test.cc
)
