# Real databases, started by the tests from Debian's packages (tests/support/databases).
add_test(NAME databases COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/databases/servers_test.py)
add_test(NAME databases_table COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/databases/table_test.py
  --writ-table ${CMAKE_BINARY_DIR}/writ-table --writ $<TARGET_FILE:writ>)
add_test(NAME databases_composed COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/databases/composed_test.py)
add_test(NAME databases_filter COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/databases/filter_test.py --writ $<TARGET_FILE:writ>)
add_test(NAME databases_filter_cases COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/databases/filter_cases_test.py --writ $<TARGET_FILE:writ>)
