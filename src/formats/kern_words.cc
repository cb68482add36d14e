// SPDX-License-Identifier: Apache-2.0
#include "formats/kern_words.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace antiphon::formats {
namespace {

using Meaning = std::pair<std::string_view, int>;

constexpr std::array<Meaning, 52> programs = {
    {{"piano", 0},  {"forte", 0},  {"clavi", 6},  {"cemba", 6},  {"organ", 19}, {"harmo", 20},
     {"klav", 0},   {"violn", 40}, {"viola", 41}, {"cello", 42}, {"cbass", 43}, {"viole", 41},
     {"violb", 42}, {"violt", 41}, {"vioga", 42}, {"liuto", 24}, {"guitr", 24}, {"arpa", 46},
     {"flt", 73},   {"fltds", 74}, {"picco", 72}, {"oboe", 68},  {"cangl", 69}, {"clars", 71},
     {"clara", 71}, {"clarb", 71}, {"bassh", 71}, {"fagot", 70}, {"fag", 70},   {"dulc", 70},
     {"cor", 60},   {"corno", 60}, {"clrno", 56}, {"tromp", 56}, {"cornt", 56}, {"tromt", 57},
     {"tromb", 57}, {"troma", 57}, {"tuba", 58},  {"oficl", 58}, {"ophic", 58}, {"serp", 58},
     {"timpa", 47}, {"glock", 9},  {"soprn", 52}, {"alto", 52},  {"tenor", 52}, {"bass", 52},
     {"barit", 52}, {"vox", 52},   {"canto", 52}, {"coro", 52}}};

constexpr std::array<Meaning, 6> group_programs = {
    {{"vox", 52}, {"klav", 0}, {"str", 48}, {"ww", 73}, {"bras", 61}, {"brass", 61}}};

constexpr std::array<Meaning, 10> loudness_marks = {{{"pppp", 16},
                                                     {"ppp", 24},
                                                     {"pp", 36},
                                                     {"p", 52},
                                                     {"mp", 66},
                                                     {"mf", 80},
                                                     {"f", 96},
                                                     {"ff", 110},
                                                     {"fff", 120},
                                                     {"ffff", 127}}};

constexpr std::array<Meaning, 16> tempo_words = {{{"prestissimo", 200},
                                                  {"presto", 180},
                                                  {"vivace", 160},
                                                  {"allegretto", 112},
                                                  {"allegro", 138},
                                                  {"moderato", 108},
                                                  {"andantino", 88},
                                                  {"andante", 80},
                                                  {"adagietto", 72},
                                                  {"adagio", 66},
                                                  {"larghetto", 62},
                                                  {"largo", 50},
                                                  {"lento", 54},
                                                  {"grave", 44},
                                                  {"maestoso", 88},
                                                  {"mazur", 138}}};

constexpr std::array<std::string_view, 8> keyboards = {"piano", "forte", "organ", "cemba",
                                                       "clavi", "harmo", "klav",  "arpa"};

std::optional<int> meaning_of(std::span<const Meaning> words, std::string_view word) {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [&](const Meaning& one) { return one.first == word; });
  return found == words.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<int> kern_program(std::string_view code, std::string_view group) {
  const auto program = meaning_of(programs, code);
  return program ? program : meaning_of(group_programs, group);
}

bool is_kern_keyboard(std::string_view code, std::string_view group) {
  return group == "klav" || std::find(keyboards.begin(), keyboards.end(), code) != keyboards.end();
}

std::optional<std::uint8_t> kern_velocity(std::string_view mark) {
  const auto velocity = meaning_of(loudness_marks, mark);
  return velocity ? std::optional(static_cast<std::uint8_t>(*velocity)) : std::nullopt;
}

std::optional<int> kern_tempo(std::string_view words) {
  for (const auto& [word, bpm] : tempo_words) {
    if (words.find(word) != std::string_view::npos) return bpm;
  }
  return std::nullopt;
}

}  // namespace antiphon::formats
