// SPDX-License-Identifier: Apache-2.0
#include "music/melody.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>

namespace antiphon::music {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// What names of parts say, in the languages of scores.
constexpr std::array<std::string_view, 26> melody_words = {
    "melod", "voice",  "vocal", "voix",   "voce", "sing",     "gesang",   "canto",   "chant",
    "song",  "sopran", "lead",  "solo",   "tune", "cantus",   "superius", "descant", "discant",
    "tenor", "alto",   "flute", "violin", "oboe", "clarinet", "trumpet",  "sax"};
constexpr std::array<std::string_view, 13> other_words = {
    "bass", "accomp", "left",    "piano", "chord", "pad",   "drum",
    "perc", "guitar", "strings", "harp",  "organ", "rhythm"};

/// Of a name: 1 for a melody's, -1 for an accompaniment's, 0 for neither.
double hint_of(const std::string& name) {
  const auto in_name = [&](std::string_view word) { return name.find(word) != std::string::npos; };
  if (std::any_of(other_words.begin(), other_words.end(), in_name)) return -1;
  if (std::any_of(melody_words.begin(), melody_words.end(), in_name)) return 1;
  return 0;
}

/// Of a General MIDI program: what it usually plays.
double hint_of_program(int program) {
  if (program >= 52 && program <= 54) return 1;    // Voices.
  if (program >= 72 && program <= 87) return 0.7;  // Pipes and leads.
  if (program == 40 || program == 56 || (program >= 64 && program <= 71)) return 0.5;
  if (program >= 32 && program <= 39) return -1;  // Basses.
  return 0;
}

struct Texture {
  double sounding = 0;    ///< Ticks in which something sounds.
  double single = 0;      ///< Of those, in which one note does.
  double mean_pitch = 0;  ///< Weighted by duration.
};

Texture texture_of(const Part& part) {
  std::vector<std::pair<std::int64_t, int>> edges;
  double weight = 0, pitch = 0;
  for (const Note& note : part.notes) {
    edges.emplace_back(note.onset.count, 1);
    edges.emplace_back(note.end().count, -1);
    const auto ticks = static_cast<double>(note.duration.count);
    weight += ticks;
    pitch += ticks * note.pitch;
  }
  std::sort(edges.begin(), edges.end());
  Texture texture;
  int now = 0;
  std::int64_t from = 0;
  for (const auto& [at, change] : edges) {
    const auto ticks = static_cast<double>(at - from);
    if (now > 0) texture.sounding += ticks;
    if (now == 1) texture.single += ticks;
    now += change;
    from = at;
  }
  texture.mean_pitch = weight > 0 ? pitch / weight : 0;
  return texture;
}

/// Weights chosen so that words and lyrics decide where there are any, and the music where not.
double melodic(const Part& part, double piece_ticks) {
  if (part.notes.empty()) return -100;
  const Texture texture = texture_of(part);
  double score = part.drums ? -50 : 0;
  if (!part.lyrics.empty()) score += 3;
  score += 2 * hint_of(lower(part.name));
  score += hint_of_program(part.program);
  score += 2.5 * (texture.sounding > 0 ? texture.single / texture.sounding : 0);
  score += 1.5 * std::min(1.0, texture.sounding / std::max(1.0, 0.6 * piece_ticks));
  score += std::clamp((texture.mean_pitch - 60) / 12, -1.5, 1.5);
  return score;
}

std::string list_of_parts(const Score& score) {
  std::string list;
  for (std::size_t i = 0; i < score.parts.size() && i < 40; ++i) {
    if (i > 0) list += ", ";
    list += std::to_string(i + 1);
    if (!score.parts[i].name.empty()) list += " (" + score.parts[i].name + ")";
  }
  return list.empty() ? "none" : list;
}

}  // namespace

std::size_t most_melodic_part(const Score& score) {
  const auto piece_ticks = static_cast<double>(end_of(score).count);
  std::size_t best = 0;
  double best_score = -1000;
  for (std::size_t i = 0; i < score.parts.size(); ++i) {
    const double here = melodic(score.parts[i], piece_ticks);
    if (here > best_score) best = i, best_score = here;
  }
  return best;
}

Result<std::size_t> find_part(const Score& score, std::string_view name_or_number) {
  const std::string wanted = lower(name_or_number);
  std::size_t number = 0;
  const char* end = wanted.data() + wanted.size();
  if (const auto [last, code] = std::from_chars(wanted.data(), end, number);
      code == std::errc() && last == end && number >= 1 && number <= score.parts.size()) {
    return number - 1;
  }
  std::optional<std::size_t> found;
  bool several = false;
  for (std::size_t i = 0; i < score.parts.size(); ++i) {
    const std::string name = lower(score.parts[i].name);
    if (name == wanted && !name.empty()) return i;
    if (wanted.empty() || !name.starts_with(wanted)) continue;
    several = found.has_value();
    if (!found) found = i;
  }
  if (found && !several) return *found;
  return Error{Errc::not_found, (several ? "several parts start with \"" : "there is no part \"") +
                                    std::string(name_or_number) + "\"; the parts are " +
                                    list_of_parts(score)};
}

}  // namespace antiphon::music
