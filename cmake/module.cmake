# SPDX-License-Identifier: Apache-2.0

# module(NAME [DEPS module...] [LINKS target...] [ONE_TEST])
#
# Declares the library antiphon::NAME from the sources in this folder and below. DEPS are the modules
# that it may include: the link lines are the table of layers. LINKS are outside libraries.
# *_test.cc become the program NAME_test, *_bench.cc NAME_bench; both are found by file name. ONE_TEST: the program runs
# once and not once for each of its tests, as its libraries take a second to load.
function(module name)
  cmake_parse_arguments(arg "ONE_TEST" "" "DEPS;LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")

  if(sources)
    add_library(antiphon_${name} STATIC ${sources})
    set(visibility PUBLIC)
  else()
    add_library(antiphon_${name} INTERFACE)
    set(visibility INTERFACE)
  endif()
  add_library(antiphon::${name} ALIAS antiphon_${name})
  list(TRANSFORM arg_DEPS PREPEND antiphon::)
  target_link_libraries(antiphon_${name} ${visibility} ${arg_DEPS} ${arg_LINKS} antiphon_flags)

  if(ANTIPHON_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE antiphon::${name} GTest::gmock_main)
    target_compile_definitions(${name}_test
                               PRIVATE ANTIPHON_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    compile_quickly(${name}_test)
    if(arg_ONE_TEST)
      add_test(NAME ${name}.all COMMAND ${name}_test --gtest_brief=1)
    else()
      gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60)
    endif()
  endif()
  if(ANTIPHON_BENCHMARKS AND benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE antiphon::${name} benchmark::benchmark_main)
  endif()
endfunction()

# test_headers(TARGET): what every test includes is read once for all of a program's. Worth it from three tests on.
function(test_headers target)
  if(TARGET ${target})
    target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endfunction()

# compile_quickly(TARGET): for tests and programs. What takes time is in the modules; these take longer to compile than to run.
function(compile_quickly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  set_target_properties(${target} PROPERTIES SANITIZED_LIGHTLY ON)
endfunction()

# heavy_templates(FILE...): sources full of Beast's templates.
function(heavy_templates)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "${sanitized_lightly}")
endfunction()
