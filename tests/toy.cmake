# A front end that is not dsl. What it links is what a front end needs (docs/layering.txt says the same).
add_library(writ_toy STATIC toy/allow_list.cc)
target_link_libraries(writ_toy PUBLIC writ_rules)
writ_test(toy LIBRARIES writ_toy writ_engine SOURCES toy/allow_list_test.cc)
