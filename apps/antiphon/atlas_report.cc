// SPDX-License-Identifier: Apache-2.0
#include "antiphon/atlas_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <limits>

#include "antiphon/jam_report.h"
#include "drawing/heat_map.h"

namespace antiphon::app {
namespace {

/// A figure of a row, as tables have it.
struct Column {
  const char* name;
  int width, digits;
  std::function<double(const AtlasRow&)> value;
};

double share(const AtlasRow& row, edge::Tier tier) {
  return row.live.tier_share[static_cast<std::size_t>(tier)];
}

double a_bar(const AtlasRow& row, std::uint64_t count) {
  return row.bars > 0 ? static_cast<double>(count) / row.bars : 0;
}

const std::vector<Column>& columns() {
  using edge::Tier;
  static const std::vector<Column> all = {
      {"isr_delivered", 8, 4, [](const auto& row) { return row.live.isr_delivered; }},
      {"isr_w", 7, 4, [](const auto& row) { return row.live.isr_w; }},
      {"cloud", 6, 3, [](const auto& row) { return share(row, Tier::cloud); }},
      {"cloud_backup", 6, 3, [](const auto& row) { return share(row, Tier::cloud_backup); }},
      {"edge", 6, 3, [](const auto& row) { return share(row, Tier::edge); }},
      {"edge_backup", 6, 3, [](const auto& row) { return share(row, Tier::edge_backup); }},
      {"reflex", 6, 3, [](const auto& row) { return share(row, Tier::reflex); }},
      {"rule", 6, 3, [](const auto& row) { return share(row, Tier::rule); }},
      {"none", 6, 3, [](const auto& row) { return share(row, Tier::none); }},
      {"answer_ms_p50", 6, 0, [](const auto& row) { return row.live.answer_ms.p50; }},
      {"answer_ms_p95", 6, 0, [](const auto& row) { return row.live.answer_ms.p95; }},
      {"reaction_frames_p50", 6, 1, [](const auto& row) { return row.live.reaction_frames.p50; }},
      {"consonant_ratio", 7, 3,
       [](const auto& row) { return row.quality.mean_harmony().consonant_ratio(); }},
      {"unsupported_ratio", 7, 3,
       [](const auto& row) { return row.quality.mean_harmony().unsupported_ratio(); }},
      {"onset_divergence", 7, 3,
       [](const auto& row) {
         const auto distance = row.quality.mean_distance();
         return distance && distance->onset ? *distance->onset : -1;
       }},
      {"nats_a_note", 6, 3, [](const auto& row) { return row.likelihood.per_note(); }},
      {"notes_a_bar", 6, 1, [](const auto& row) { return row.quality.mean_notes_a_bar(); }},
      {"bytes_a_bar", 7, 0, [](const auto& row) { return row.bytes_a_bar(); }},
      {"node_ms_a_bar", 7, 1,
       [](const auto& row) { return row.bars > 0 ? row.node_ms / row.bars : 0; }},
      {"notes_left_a_bar", 6, 1, [](const auto& row) { return a_bar(row, row.left.events); }},
      {"rows_left_a_bar", 6, 1, [](const auto& row) { return a_bar(row, row.left.rows); }},
  };
  return all;
}

std::string number(double value, int digits) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string padded(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::vector<std::string> names(const std::vector<AtlasRow>& rows, std::string AtlasRow::*name) {
  std::vector<std::string> all;
  for (const AtlasRow& row : rows) {
    if (std::find(all.begin(), all.end(), row.*name) == all.end()) all.push_back(row.*name);
  }
  return all;
}

}  // namespace

double regret(const std::vector<AtlasRow>& rows, const AtlasRow& row) {
  double best = row.live.isr_w;
  for (const AtlasRow& other : rows) {
    if (other.network == row.network) best = std::max(best, other.live.isr_w);
  }
  return best > 0 ? 1 - row.live.isr_w / best : 0;
}

std::string atlas_text(const std::vector<AtlasRow>& rows) {
  std::string text =
      "network      mode           ISR    ISRw  cloud (old)   edge  (old) reflex   rule   none"
      "  answer ms   react. conson. unsupp.  onset   nats  notes   bytes    node   left the "
      "device\n"
      "                                                                             "
      "          p50/p95  frames   ratio   ratio    JSD  /note   /bar    /bar ms/bar  notes   rows "
      "/bar\n";
  std::string last;
  for (const AtlasRow& row : rows) {
    std::string line = row.network == last ? "" : row.network;
    last = row.network;
    line.resize(13, ' ');
    line += row.mode;
    line.resize(25, ' ');
    for (const Column& column : columns()) {
      line +=
          padded(number(column.value(row), column.digits), static_cast<std::size_t>(column.width)) +
          " ";
    }
    text += line + "\n";
  }
  return text;
}

std::string atlas_csv(const std::vector<AtlasRow>& rows) {
  std::string text = "network,mode";
  for (const Column& column : columns()) text += std::string(",") + column.name;
  text += ",regret\n";
  for (const AtlasRow& row : rows) {
    text += row.network + "," + row.mode;
    for (const Column& column : columns()) (text += ',') += number(column.value(row), 6);
    (text += ',') += number(regret(rows, row), 6) + "\n";
  }
  return text;
}

Json atlas_json(const std::vector<AtlasRow>& rows) {
  Json json = Json::array();
  for (const AtlasRow& row : rows) {
    json.push_back({{"network", row.network},
                    {"mode", row.mode},
                    {"live", to_json(row.live)},
                    {"quality", row.quality.to_json()},
                    {"nats_a_note", row.likelihood.per_note()},
                    {"notes", row.likelihood.notes},
                    {"impossible_notes", row.likelihood.impossible},
                    {"bytes_up", row.bytes_up},
                    {"bytes_down", row.bytes_down},
                    {"notes_left", row.left.events},
                    {"rows_left", row.left.rows},
                    {"bars", row.bars},
                    {"regret", regret(rows, row)}});
  }
  return json;
}

Result<Bytes> atlas_picture(const std::vector<AtlasRow>& rows, drawing::Format format) {
  const auto networks = names(rows, &AtlasRow::network), modes = names(rows, &AtlasRow::mode);
  const auto map = [&](const char* title, double worst, double best, int digits,
                       const std::function<double(const AtlasRow&)>& value) {
    drawing::HeatMap table{title, modes, networks, {}, worst, best, digits};
    table.values.assign(modes.size() * networks.size(), std::numeric_limits<double>::quiet_NaN());
    for (const AtlasRow& row : rows) {
      const auto at = [&](const auto& list, const std::string& name) {
        return static_cast<std::size_t>(std::find(list.begin(), list.end(), name) - list.begin());
      };
      table.values[at(modes, row.mode) * networks.size() + at(networks, row.network)] = value(row);
    }
    return table;
  };
  using edge::Tier;
  // Of nothing there is no quality.
  const auto of_music = [](const std::function<double(const AtlasRow&)>& value) {
    return [value](const AtlasRow& row) {
      return row.live.isr_delivered > 0 ? value(row) : std::numeric_limits<double>::quiet_NaN();
    };
  };
  return drawing::draw_heat_maps(
      {map("Interaction success rate, weighted by staleness (ISRw)", 0.8, 1, 3,
           [](const auto& row) { return row.live.isr_w; }),
       map("Share of frames that the node played", 0, 1, 2,
           [](const auto& row) {
             return share(row, Tier::cloud) + share(row, Tier::cloud_backup);
           }),
       map("What the node's model says of what was played: nats a note", 2, 0.5, 2,
           of_music([](const auto& row) { return row.likelihood.per_note(); })),
       map("Consonant ratio", 0.8, 0.95, 3,
           of_music([](const auto& row) { return row.quality.mean_harmony().consonant_ratio(); })),
       map("From a key press to the first answer that knows it: ms, median", 400, 60, 0,
           of_music([](const auto& row) { return row.live.answer_ms.p50; })),
       map("Bytes a bar, up and down", 4000, 0, 0,
           [](const auto& row) { return row.bytes_a_bar(); })},
      format);
}

}  // namespace antiphon::app
