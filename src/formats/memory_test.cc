// SPDX-License-Identifier: Apache-2.0
// What hostile files cost: the most memory that is held at once while a megabyte of them is read.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <ostream>
#include <string>

#include "formats/format.h"

namespace {

std::atomic<std::size_t> live{0}, peak{0};

void* take_if_there(std::size_t size) noexcept {
  void* memory = std::malloc(size);
  if (memory == nullptr) return nullptr;
  const std::size_t now = live += malloc_usable_size(memory);
  std::size_t before = peak;
  while (now > before && !peak.compare_exchange_weak(before, now)) {
  }
  return memory;
}

void* take(std::size_t size) {
  void* memory = take_if_there(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void give(void* memory) {
  if (memory != nullptr) live -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return take(size); }
void* operator new[](std::size_t size) { return take(size); }
// Sanitizers have these of their own, which don't come from the two above.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take_if_there(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return take_if_there(size);
}
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give(memory); }

namespace antiphon::formats {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;

std::string repeated(const std::string& text, std::size_t size) {
  std::string out;
  out.reserve(size + text.size());
  while (out.size() < size) out += text;
  return out;
}

std::string abc(const std::string& bars) {
  return "X:1\nL:1/64\nK:C\n" + repeated(bars, megabyte) + "\n";
}

std::string abc_voices(const std::string& bars) {
  std::string tune = "X:1\nL:1/64\nK:C\n";
  for (int voice = 1; voice <= 8; ++voice)
    tune += "V:" + std::to_string(voice) + "\n" + repeated(bars, megabyte / 8) + "\n";
  return tune;
}

std::string kern(const std::string& record) {
  return "**kern\n" + repeated(record, megabyte) + "*-\n";
}

// Format 0 with one track of messages of a form.
std::string midi(const std::string& messages) {
  const std::string track = repeated(messages, megabyte) + std::string("\x00\xff\x2f\x00", 4);
  std::string bytes("MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk", 18);
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(track.size() >> shift & 0xff);
  return bytes + track;
}

struct Hostile {
  const char* name;
  const char* file;
  std::string (*bytes)();
};

void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.file; }

class HostileMemory : public testing::TestWithParam<Hostile> {};

TEST_P(HostileMemory, IsAtMost64TimesTheFile) {
  const std::string bytes = GetParam().bytes();
  const std::size_t before = live;
  peak = before;
  { const auto reading = read(GetParam().file, as_bytes(bytes)); }
  const std::size_t most = peak - before, left = live;
  EXPECT_LE(static_cast<double>(most) / static_cast<double>(bytes.size()), 64.0);
  EXPECT_EQ(left, before) << "something is left over";
}

TEST(Memory, OfASmallFileWithRepeatsIsAtMost64MiB) {
  const std::string bytes = "X:1\nL:1/64\nK:C\n|:" + repeated("c", 7300) + "|1-63c:|\n";
  const std::size_t before = live;
  peak = before;
  { const auto reading = read("small.abc", as_bytes(bytes)); }
  EXPECT_LE(peak - before, 64 * megabyte);
}

INSTANTIATE_TEST_SUITE_P(
    Readers, HostileMemory,
    testing::Values(Hostile{"AbcNotes", "hostile.abc", [] { return abc("c"); }},
                    Hostile{"AbcVoices", "hostile.abc", [] { return abc_voices("c"); }},
                    Hostile{"AbcOverlays", "hostile.abc", [] { return abc_voices("&"); }},
                    Hostile{"AbcBars", "hostile.abc", [] { return abc_voices("C|"); }},
                    Hostile{"AbcChords", "hostile.abc", [] { return abc_voices("[ce]"); }},
                    Hostile{"AbcSymbols", "hostile.abc", [] { return abc_voices("\"A\"c"); }},
                    Hostile{"AbcGraces", "hostile.abc", [] { return abc_voices("{c}d"); }},
                    Hostile{"AbcWords", "hostile.abc", [] { return abc("cccc\nw:a b c d\n"); }},
                    Hostile{"AbcRepeats", "hostile.abc", [] { return abc("|:c::c:|"); }},
                    Hostile{"KernNotes", "hostile.krn", [] { return kern("c\n"); }},
                    Hostile{"KernChords", "hostile.krn", [] { return kern("4c 4e 4g 4b\n"); }},
                    Hostile{"KernBars", "hostile.krn", [] { return kern("=\n"); }},
                    Hostile{"KernKeys", "hostile.krn", [] { return kern("*k[f#]\n"); }},
                    Hostile{"MidiNotes", "hostile.mid",
                            [] { return midi(std::string("\x01\x90\x3c\x40\x01\x3c\x00", 7)); }},
                    Hostile{"MidiPrograms", "hostile.mid",
                            [] { return midi(std::string("\x00\xc0\x01\x00\x90\x3c\x40", 7)); }}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace antiphon::formats
