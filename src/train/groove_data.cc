// SPDX-License-Identifier: Apache-2.0
#include "train/groove_data.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "base/file.h"
#include "crypto/hash.h"
#include "formats/format.h"
#include "tokens/drum_measures.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;
using tokens::drum_step;

constexpr music::Ticks bar{static_cast<std::int64_t>(tokens::drum_steps_a_bar) * drum_step.count};
constexpr std::size_t least_hits = 4;

// A line of info.csv by its column names.
using Row = std::map<std::string, std::string>;

Result<std::vector<Row>> read_table(const fs::path& path) {
  ANTIPHON_TRY(const Bytes bytes, read_file(path, 1 << 24));
  std::istringstream lines{std::string(as_text(bytes))};
  std::vector<std::string> columns;
  std::vector<Row> rows;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::istringstream cells(line);
    std::vector<std::string> values;
    for (std::string cell; std::getline(cells, cell, ',');) values.push_back(cell);
    if (columns.empty()) {
      columns = std::move(values);
      continue;
    }
    if (values.size() != columns.size()) {
      return Error{Errc::invalid_input, path.string() + ":" + std::to_string(rows.size() + 2) +
                                            ": has " + std::to_string(values.size()) +
                                            " cells, the first line has " +
                                            std::to_string(columns.size())};
    }
    Row& row = rows.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = values[i];
  }
  for (const char* name :
       {"style", "bpm", "beat_type", "time_signature", "midi_filename", "split"}) {
    if (std::find(columns.begin(), columns.end(), name) == columns.end()) {
      return Error{Errc::invalid_input, path.string() + ":1: there is no column " + name};
    }
  }
  return rows;
}

// The wide style of a narrow one: "funk" of "funk/purdieshuffle".
std::string wide(const std::string& style) { return style.substr(0, style.find('/')); }

std::string reason_to_leave_out(const Row& row, const std::set<std::string>& trained) {
  if (row.at("time_signature") != "4-4") return "not in 4/4";
  if (row.at("beat_type") != "beat") return "a fill";
  if (!trained.contains(wide(row.at("style")))) return "a style without training data";
  return "";
}

bool silent_bar(const tokens::DrumGrid& grid) {
  for (std::size_t first = 0; first < tokens::drum_steps; first += tokens::drum_steps_a_bar) {
    tokens::DrumGrid half;
    std::copy_n(grid.steps.begin() + static_cast<std::ptrdiff_t>(first), tokens::drum_steps_a_bar,
                half.steps.begin());
    if (half.hits() == 0) return true;
  }
  return false;
}

void cut(const music::Score& score, GrooveWindow window, std::vector<GrooveWindow>& windows) {
  std::vector<music::Note> notes;
  for (const music::Part& part : score.parts) {
    notes.insert(notes.end(), part.notes.begin(), part.notes.end());
  }
  const music::Ticks end = music::end_of(score);
  for (music::Ticks start; start + bar < end; start += bar) {
    window.grid = tokens::drum_grid(notes, start);
    if (window.grid.hits() < least_hits || silent_bar(window.grid)) continue;
    windows.push_back(window);
  }
}

// Gives `rank(window)` in (-1, 1) to `set(window, rank)` for windows sorted by `key`; equal ones
// get the same.
template <class Key, class Set>
void rank(const std::vector<GrooveWindow*>& sorted, const Key& key, const Set& set) {
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    while (last < sorted.size() && key(*sorted[last]) == key(*sorted[first])) ++last;
    const double middle = static_cast<double>(first + last) / 2;
    const double place = 2 * middle / static_cast<double>(sorted.size()) - 1;
    for (; first < last; ++first) set(*sorted[first], static_cast<float>(place));
  }
}

}  // namespace

void place_on_plane(std::vector<GrooveWindow>& windows) {
  std::map<std::size_t, std::vector<GrooveWindow*>> styles;
  for (GrooveWindow& window : windows) styles[window.style].push_back(&window);
  for (auto& [style, all] : styles) {
    const auto hits = [](const GrooveWindow& w) { return w.grid.hits(); };
    const auto syncopation = [](const GrooveWindow& w) { return tokens::syncopation(w.grid); };
    std::stable_sort(all.begin(), all.end(), [&](const GrooveWindow* a, const GrooveWindow* b) {
      return hits(*a) < hits(*b);
    });
    rank(all, hits, [](GrooveWindow& w, float place) { w.x = place; });
    // Eight groups of about as many hits, or as many groups as have 25 windows.
    const std::size_t groups = std::clamp<std::size_t>(all.size() / 25, 1, 8);
    for (std::size_t group = 0; group < groups; ++group) {
      const auto at = [&](std::size_t i) {
        return all.begin() + static_cast<std::ptrdiff_t>(all.size() * i / groups);
      };
      std::vector<GrooveWindow*> alike(at(group), at(group + 1));
      std::stable_sort(alike.begin(), alike.end(),
                       [&](const GrooveWindow* a, const GrooveWindow* b) {
                         return syncopation(*a) < syncopation(*b);
                       });
      rank(alike, syncopation, [](GrooveWindow& w, float place) { w.y = place; });
    }
  }
}

Result<GrooveCorpus> GrooveCorpus::read(const fs::path& folder) {
  ANTIPHON_TRY(const std::vector<Row> rows, read_table(folder / "info.csv"));
  GrooveCorpus corpus;
  std::set<std::string> trained;
  for (const Row& row : rows) {
    if (row.at("split") == "train" && row.at("time_signature") == "4-4" &&
        row.at("beat_type") == "beat") {
      trained.insert(wide(row.at("style")));
    }
  }
  corpus.styles.assign(trained.begin(), trained.end());
  for (const Row& row : rows) {
    const fs::path path = folder / row.at("midi_filename");
    ANTIPHON_TRY(const Bytes bytes, read_file(path, 1 << 24));
    ANTIPHON_TRY(const formats::Reading reading, formats::read_midi(bytes, path.string()));
    GrooveFile& file = corpus.files.emplace_back();
    file = {row.at("midi_filename"),
            crypto::sha256_hex(bytes),
            row.at("split"),
            row.at("style"),
            0,
            reason_to_leave_out(row, trained)};
    for (const music::Part& part : reading.score.parts) file.hits += part.notes.size();
    if (!file.left_out.empty()) continue;
    GrooveWindow window;
    window.style = static_cast<std::size_t>(
        std::distance(corpus.styles.begin(),
                      std::find(corpus.styles.begin(), corpus.styles.end(), wide(file.style))));
    window.tempo = std::strtof(row.at("bpm").c_str(), nullptr);
    if (!(window.tempo >= 20 && window.tempo <= 400)) {
      return Error{Errc::invalid_input,
                   path.string() + ": info.csv gives a tempo of " + row.at("bpm")};
    }
    auto& split = file.split == "train"        ? corpus.train
                  : file.split == "validation" ? corpus.validation
                                               : corpus.test;
    cut(reading.score, window, split);
  }
  if (corpus.train.empty()) {
    return Error{Errc::invalid_input, folder.string() + ": info.csv names no training files"};
  }
  for (auto* split : {&corpus.train, &corpus.validation, &corpus.test}) place_on_plane(*split);
  return corpus;
}

std::string GrooveCorpus::ledger() const {
  std::string text = "path\tsha256\tlicence\tnotes\tsplit\tkept\treason\tstyle\n";
  for (const GrooveFile& file : files) {
    text += "groove/" + file.path + '\t' + file.sha256 + "\tCC-BY-4.0\t" +
            std::to_string(file.hits) + '\t' + file.split + '\t' +
            (file.left_out.empty() ? "yes" : "no") + '\t' + file.left_out + '\t' + file.style +
            '\n';
  }
  return text;
}

}  // namespace antiphon::train
