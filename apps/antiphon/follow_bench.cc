// SPDX-License-Identifier: Apache-2.0
#include "antiphon/follow_bench.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "antiphon/markdown.h"
#include "antiphon/song_set.h"
#include "base/file.h"
#include "base/random.h"
#include "edge/measures.h"
#include "edge/performer.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using music::Ticks;
using std::chrono::nanoseconds;

constexpr std::int64_t changes_at = 16;    // The quarter at which a tempo is left.
constexpr std::int64_t longest_rest = 6;   // Quarters; who rests for longer counts, and is no test.
constexpr double lost = 0.25, near = 0.1;  // Quarters that a beat is off.
constexpr int near_for = 8;                // Quarters until it is taken to be found again.

struct Options {
  std::vector<fs::path> songs;
  double bpm = 120;
  double spread_ms = 15;
  std::uint64_t seed = 1;
  fs::path json;
};

double gaussian(Random& random) {
  // Box and Muller 1958; 1 - u is in (0, 1].
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * M_PI * random.uniform());
}

/// How a player keeps the tempo. `next` gives how many times the first tempo the quarter after one
/// of `ratio` has.
struct Manner {
  std::string name;
  std::function<double(std::int64_t quarter, double ratio, Random&)> next;
  bool leaps = false;
};

Manner drifts(const std::string& name, double share) {
  return {name, [share](std::int64_t, double ratio, Random& random) {
            return std::clamp(ratio * std::exp(share * gaussian(random)), 0.5, 2.0);
          }};
}

// Evenly in the logarithm, over so many quarters.
Manner comes_to(const std::string& name, double end, std::int64_t quarters) {
  return {name, [=](std::int64_t quarter, double, Random&) {
            const double way =
                static_cast<double>(quarter - changes_at) / static_cast<double>(quarters);
            return std::pow(end, std::clamp(way, 0.0, 1.0));
          }};
}

Manner leaps(const std::string& name, double to) {
  return {name,
          [to](std::int64_t quarter, double, Random&) { return quarter < changes_at ? 1 : to; },
          true};
}

std::vector<Manner> manners() {
  return {{"is steady", [](std::int64_t, double, Random&) { return 1.0; }},
          drifts("drifts: a random walk of 1 % a quarter", 0.01),
          drifts("of 2 % a quarter", 0.02),
          comes_to("comes to 1.5 times the tempo over 64 quarters", 1.5, 64),
          comes_to("to two thirds of it, over 64 quarters", 2.0 / 3, 64),
          comes_to("to two thirds, over 16 quarters", 2.0 / 3, 16),
          leaps("is 10 % faster all at once", 1.1),
          leaps("10 % slower", 1 / 1.1),
          leaps("25 % faster", 1.25),
          leaps("20 % slower", 0.8)};
}

/// What came of one manner, over all songs.
struct Followed {
  std::string who;
  std::vector<double> errors_ms = {};
  double lost = 0;                       ///< The share of quarters.
  std::vector<double> found_after = {};  ///< Quarters, a song; infinite where it never was.
  std::size_t never_lost = 0;            ///< Songs.
};

// Longer rests lose whole quarters, so that the beat goes on.
music::Score without_long_rests(music::Score score, std::size_t part) {
  music::sort(score);
  Ticks cut{}, last{};
  for (music::Note& note : score.parts[part].notes) {
    note.onset = note.onset - cut;
    const std::int64_t over = (note.onset - last).count - longest_rest * Ticks::per_quarter;
    if (over > 0) {
      const Ticks more = Ticks::quarters((over + Ticks::per_quarter - 1) / Ticks::per_quarter);
      note.onset = note.onset - more;
      cut += more;
    }
    last = note.onset;
  }
  return score;
}

// The melody, at a player's tempo and exactness, with a beat that follows it.
Result<std::pair<edge::Jam, live::Timeline>> follow(const Options& options, music::Score score,
                                                    std::span<const std::size_t> human,
                                                    const Manner& manner, std::uint64_t seed) {
  Random random(seed);
  score = without_long_rests(std::move(score), human.front());
  const std::int64_t quarters = music::end_of(score).count / Ticks::per_quarter + 1;
  score.tempos.clear();
  double ratio = 1;
  for (std::int64_t i = 0; i < quarters; ++i) {
    ratio = manner.next(i, ratio, random);
    ANTIPHON_TRY(const auto tempo, music::Tempo::of(options.bpm * ratio));
    score.tempos.push_back({Ticks::quarters(i), tempo});
  }
  const std::vector<generate::AiPart> ai = {{}};
  ANTIPHON_TRY(edge::JamSetup setup, edge::perform(score, human, ai, tokens::Style::unknown, 1));
  for (edge::Played& played : setup.performer) {
    const double off = played.velocity > 0 ? options.spread_ms * 1e6 * gaussian(random) : 0;
    played.at = std::max(nanoseconds{}, played.at + nanoseconds(std::llround(off)));
  }
  std::stable_sort(setup.performer.begin(), setup.performer.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  setup.pace = {};
  setup.pace.follows = true;
  ANTIPHON_TRY(const auto first, music::Tempo::of(options.bpm));
  live::Timeline players = std::exchange(setup.timeline, live::Timeline({}, first));
  return std::pair(edge::simulate({}, setup, {}, {}), std::move(players));
}

// Quarters from the leap until the beat is near for a while.
double found_after(const std::vector<edge::BeatError>& errors) {
  int in_a_row = 0;
  for (const edge::BeatError& error : errors) {
    if (error.quarter < changes_at) continue;
    in_a_row = error.quarters <= near ? in_a_row + 1 : 0;
    if (in_a_row == near_for) return static_cast<double>(error.quarter - changes_at + 1 - near_for);
  }
  return std::numeric_limits<double>::infinity();
}

std::string quarters_text(double quarters) {
  return std::isinf(quarters) ? "never" : table_number(quarters, 0);
}

std::string text_of(const std::vector<Followed>& rows) {
  std::string text = table_head("the player", "error in ms, p50 / p95", "quarters lost",
                                "songs that lose none", "quarters until it is found, p50 / p90");
  for (const Followed& row : rows) {
    const edge::Spread errors = edge::spread_of(row.errors_ms);
    std::string found;
    if (!row.found_after.empty())
      found = quarters_text(row.found_after[row.found_after.size() / 2]) + " / " +
              quarters_text(row.found_after[row.found_after.size() * 9 / 10]);
    text += table_row(row.who, table_number(errors.p50, 0) + " / " + table_number(errors.p95, 0),
                      table_number(row.lost, 2), std::to_string(row.never_lost), found);
  }
  return text;
}

Json json_of(const Followed& row) {
  const edge::Spread errors = edge::spread_of(row.errors_ms);
  Json json = {{"player", row.who},
               {"quarters", row.errors_ms.size()},
               {"error_ms", {{"p50", errors.p50}, {"p95", errors.p95}, {"p99", errors.p99}}},
               {"lost", row.lost},
               {"songs_that_lose_none", row.never_lost}};
  if (!row.found_after.empty()) json["found_after_quarters"] = row.found_after;  // Never: null.
  return json;
}

Status bench_follow(const Options& options) {
  ANTIPHON_TRY(const auto songs, read_songs(options.songs));
  std::vector<Followed> rows;
  for (const Manner& manner : manners()) {
    Followed row{.who = manner.name};
    std::size_t quarters_lost = 0;
    for (std::size_t i = 0; i < songs.size(); ++i) {
      ANTIPHON_TRY(const auto followed, follow(options, songs[i].score, songs[i].human, manner,
                                               options.seed * 1000 + i));
      const auto errors = edge::beat_errors(followed.first, followed.second);
      const auto missed = static_cast<std::size_t>(
          std::count_if(errors.begin(), errors.end(),
                        [](const edge::BeatError& error) { return error.quarters > lost; }));
      quarters_lost += missed;
      row.never_lost += missed == 0;
      for (const edge::BeatError& error : errors) row.errors_ms.push_back(error.ms);
      if (manner.leaps) row.found_after.push_back(found_after(errors));
    }
    std::sort(row.found_after.begin(), row.found_after.end());
    row.lost = static_cast<double>(quarters_lost) /
               static_cast<double>(std::max<std::size_t>(row.errors_ms.size(), 1));
    rows.push_back(std::move(row));
  }
  std::cout << text_of(rows);
  if (options.json.empty()) return Done{};
  Json json = {{"songs", songs.size()},
               {"tempo", options.bpm},
               {"spread_ms", options.spread_ms},
               {"seed", options.seed},
               {"rows", Json::array()}};
  for (const Followed& row : rows) json["rows"].push_back(json_of(row));
  return write_file(options.json, json.dump(2) + "\n");
}

}  // namespace

Action declare_follow(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags
      .add_option("SONGS", options->songs,
                  "Scores, or folders of them, whose melodies are what is played")
      ->required();
  flags.add_option("--tempo", options->bpm, "That the jam is told at first, quarters a minute")
      ->check(CLI::Range(40.0, 200.0))
      ->capture_default_str();
  flags
      .add_option("--spread", options->spread_ms,
                  "How far notes are from what they mean, in milliseconds (standard deviation)")
      ->check(CLI::Range(0.0, 200.0))
      ->capture_default_str();
  flags.add_option("--seed", options->seed)->capture_default_str();
  flags.add_option("--json", options->json, "Also all figures, as JSON");
  return [options] { return bench_follow(*options); };
}

}  // namespace antiphon::app
