writ_test(engine LIBRARIES writ_engine SOURCES
  unit/engine/evaluator_test.cc
  unit/engine/functions_test.cc
  unit/engine/time_test.cc
  unit/engine/value_test.cc
)
# From request bytes to decision.
writ_test(decide LIBRARIES writ_engine SOURCES
  unit/engine/json_test.cc
  unit/engine/limit_test.cc
)
