// SPDX-License-Identifier: Apache-2.0
#include "antiphon/live_bench.h"

#include <array>
#include <cstdio>

#include "antiphon/jam_report.h"

namespace antiphon::app {
namespace {

// 'Real-Time Language Model Jamming' (StreamMUSE, RTAS 2026), table III: the best of each place
// that the model ran at. Below 0: not given.
struct Published {
  const char* where;
  double isr, isr_w, consonant, unsupported;
};
constexpr Published published[] = {
    {"local, RTX A6000", 0.9952, 0.9951, 0.821, 0.042},
    {"over Wi-Fi", 0.954, 0.910, -1, -1},
    {"A100 over WAN, 150 ms", 0.989, 0.879, 0.794, 0.057},
    {"offline", -1, -1, 0.826, 0.051},
};

template <class... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string three(const edge::Spread& spread, int digits) {
  return print("%.*f/%.*f/%.*f", digits, spread.p50, digits, spread.p95, digits, spread.p99);
}

std::string tiers_of(const edge::JamMeasures& live) {
  std::string text;
  for (const double share : live.tier_share) {
    if (!text.empty()) text += '/';
    text += print("%.3f", share);
  }
  return text;
}

std::string harmony_of(const Summary& summary) {
  const music::Harmony harmony = summary.mean_harmony();
  return print("%9.3f %9.3f %11.3f", harmony.consonant_ratio(), harmony.dissonant_ratio(),
               harmony.unsupported_ratio());
}

std::string number(double value) { return value < 0 ? "-" : print("%.3f", value); }

}  // namespace

std::string live_bench_text(const LiveBench& bench) {
  const char* head = "%5s %-22s %6s %6s %5s %41s %15s %13s %9s %9s %11s";
  std::string text =
      print(head, "tempo", "who", "ISR", "ISRw", "stale", "cloud/old/edge/old/reflex/rule/none",
            "answer, ms", "reaction", "consonant", "dissonant", "unsupported");
  if (!bench.simulated) text += "  onset error, ms: p50/p99/worst";
  text += "\n";
  for (const LiveRow& row : bench.rows) {
    text += print("%5.0f %-22s %6.4f %6.4f %5.2f %41s %15s %13s ", row.bpm, row.who.c_str(),
                  row.live.isr_delivered, row.live.isr_w, row.live.staleness,
                  tiers_of(row.live).c_str(), three(row.live.answer_ms, 0).c_str(),
                  three(row.live.reaction_frames, 1).c_str());
    text += harmony_of(row.quality);
    const edge::Spread& error = row.live.onset_error_ms;
    if (!bench.simulated) text += print("  %.2f/%.2f/%.2f", error.p50, error.p99, error.worst);
    text += "\n";
  }
  if (bench.own.pieces() > 0) {
    text += print("%5s %-100s %13s ", "",
                  print("the songs' own accompaniment (%zu)", bench.own.pieces()).c_str(),
                  three(bench.own_reaction, 1).c_str()) +
            harmony_of(bench.own) + "\n";
  }
  text +=
      "answer, reaction (in sixteenths): p50/p95/p99\n\nStreamMUSE's table III, as published: "
      "another model, other songs (64 pop pieces), 120 beats a minute\n";
  for (const Published& row : published) {
    text += print("      %-22s %6s %6s %80s %9s %9s %11s\n", row.where, number(row.isr).c_str(),
                  number(row.isr_w).c_str(), "", number(row.consonant).c_str(), "-",
                  number(row.unsupported).c_str());
  }
  return text;
}

Json to_json(const LiveBench& bench) {
  Json rows = Json::array(), theirs = Json::array();
  for (const LiveRow& row : bench.rows) {
    Json live = to_json(row.live);
    if (!bench.simulated) live["onset_error_ms"] = to_json(row.live.onset_error_ms);
    rows.push_back({{"who", row.who},
                    {"tempo", row.bpm},
                    {"live", std::move(live)},
                    {"quality", row.quality.to_json()}});
  }
  const auto value = [](double number) { return number < 0 ? Json() : Json(number); };
  for (const Published& row : published) {
    theirs.push_back({{"where", row.where},
                      {"isr", value(row.isr)},
                      {"isr_w", value(row.isr_w)},
                      {"consonant_ratio", value(row.consonant)},
                      {"unsupported_ratio", value(row.unsupported)}});
  }
  Json json = {{"simulated", bench.simulated}, {"rows", rows}};
  if (!bench.simulated) json["scheduler"] = bench.real_time_scheduler ? "fifo" : "ordinary";
  if (bench.own.pieces() > 0) {
    json["own_accompaniment"] = bench.own.to_json();
    json["own_accompaniment"]["reaction_frames"] = to_json(bench.own_reaction);
  }
  json["streammuse_table_3"] = theirs;
  return json;
}

}  // namespace antiphon::app
