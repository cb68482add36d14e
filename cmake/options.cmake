# SPDX-License-Identifier: Apache-2.0
# What can be turned on and off. By default it is what a player runs, which needs neither libtorch nor the test
# libraries.
option(ANTIPHON_TESTS "Build the tests (GoogleTest)" OFF)
option(ANTIPHON_BENCHMARKS "Build the benchmarks (Google Benchmark)" OFF)
option(ANTIPHON_FUZZ "Build the fuzz targets (clang's libFuzzer)" OFF)
option(ANTIPHON_TRAIN "Build antiphon-train (libtorch)" OFF)
option(ANTIPHON_LINK "Ableton Link (ableton-link-dev; GPL 2 or later, which then holds for the program)" OFF)
option(ANTIPHON_WERROR "Warnings are errors" OFF)
set(ANTIPHON_SANITIZE "" CACHE STRING "Sanitizers for everything, such as address,undefined or thread")

if(ANTIPHON_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(ANTIPHON_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# Carried by every target of ours.
add_library(antiphon_flags INTERFACE)
target_include_directories(antiphon_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(antiphon_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms about std::string and std::vector in its own headers (GCC PR 105651, 100366, 105329).
  target_compile_options(antiphon_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(ANTIPHON_WERROR)
  target_compile_options(antiphon_flags INTERFACE -Werror)
endif()
if(ANTIPHON_SANITIZE)
  target_compile_options(antiphon_flags INTERFACE -fsanitize=${ANTIPHON_SANITIZE}
                                                  -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # What takes a compiler minutes with all of it, for little: AddressSanitizer and ThreadSanitizer stay.
  set(sanitized_lightly -O0)
  if(ANTIPHON_SANITIZE MATCHES "fuzzer")
    list(APPEND sanitized_lightly -fno-sanitize=undefined,fuzzer-no-link)
  endif()
  target_compile_options(
    antiphon_flags INTERFACE "$<$<BOOL:$<TARGET_PROPERTY:SANITIZED_LIGHTLY>>:${sanitized_lightly}>")
  target_link_options(antiphon_flags INTERFACE -fsanitize=${ANTIPHON_SANITIZE})
endif()
