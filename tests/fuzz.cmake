# writ_fuzz(<name> LIBRARIES <libs…>): builds tests/fuzz/<name>_fuzzer.cc. With WRIT_FUZZ (clang) it is a libFuzzer program; otherwise
# it replays tests/fuzz/corpus/<name> and is a test named fuzz_<name>.
if(WRIT_FUZZ)
  target_compile_options(writ_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(writ_fuzz name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  set(target writ_${name}_fuzzer)
  add_executable(${target} fuzz/${name}_fuzzer.cc)
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES})
  if(WRIT_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE fuzz/replay_main.cc)
    add_test(NAME fuzz_${name} COMMAND ${target} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  endif()
endfunction()

# One line a target, sorted.
writ_fuzz(admission LIBRARIES writ_handlers writ_dsl)
writ_fuzz(bundle LIBRARIES writ_rules OpenSSL::Crypto)
writ_fuzz(check LIBRARIES writ_dsl)
writ_fuzz(image_manifest LIBRARIES writ_gather)
writ_fuzz(image_reference LIBRARIES writ_gather)
writ_fuzz(parse LIBRARIES writ_dsl)
writ_fuzz(registry_header LIBRARIES writ_registry)
writ_fuzz(request LIBRARIES writ_engine writ_dsl)
