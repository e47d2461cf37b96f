writ_test(engine LIBRARIES writ_engine SOURCES
  unit/engine/evaluator_test.cc
  unit/engine/functions_test.cc
  unit/engine/inverse_test.cc
  unit/engine/regex_filter_test.cc
  unit/engine/time_test.cc
  unit/engine/value_test.cc
)
# From request bytes to decision.
find_package(nlohmann_json REQUIRED)
writ_test(decide LIBRARIES writ_engine writ_dsl nlohmann_json::nlohmann_json SOURCES
  support/decide_harness.cc
  unit/engine/budget_test.cc
  unit/engine/credential_name_test.cc
  unit/engine/decide_golden_test.cc
  unit/engine/decide_test.cc
  unit/engine/fact_kind_test.cc
  unit/engine/settle_test.cc
  unit/engine/emit_test.cc
  unit/engine/field_request_test.cc
  unit/engine/filter_test.cc
  unit/engine/json_test.cc
  unit/engine/limit_test.cc
  unit/engine/partial_test.cc
  unit/engine/related_test.cc
  unit/engine/roles_test.cc
  unit/engine/target_rows_test.cc
  unit/engine/texts_test.cc
  unit/engine/unmet_test.cc
)
# Counts allocations, in a program of its own.
writ_test(allocation LIBRARIES writ_engine writ_dsl nlohmann_json::nlohmann_json SOURCES
  support/decide_harness.cc
  unit/engine/allocation_test.cc
)
# The examples of docs/deciding.md.
set(deciding_examples ${CMAKE_CURRENT_BINARY_DIR}/deciding_examples.cc)
add_custom_command(OUTPUT ${deciding_examples}
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/examples_of.py docs/deciding.md ${deciding_examples}
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  DEPENDS ${CMAKE_SOURCE_DIR}/docs/deciding.md ${CMAKE_CURRENT_SOURCE_DIR}/tools/examples_of.py)
writ_test(deciding_examples LIBRARIES writ_engine writ_dsl nlohmann_json::nlohmann_json SOURCES
  support/decide_harness.cc
  unit/engine/deciding_examples_test.cc
  ${deciding_examples}
)
target_include_directories(writ_deciding_examples_test PRIVATE ${CMAKE_SOURCE_DIR})
