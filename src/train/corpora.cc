// SPDX-License-Identifier: Apache-2.0
#include "train/corpora.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "base/file.h"
#include "music/score.h"

namespace antiphon::train {
namespace {

using tokens::Style;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return has(text, word); });
}

// Value of the first reference record `!!!KEY: value` of a Humdrum file.
std::string record(ByteView bytes, std::string_view key) {
  const std::string_view text = as_text(bytes);
  const std::string start = "!!!" + std::string(key) + ":";
  const std::size_t at = text.find(start);
  if (at == std::string_view::npos || (at > 0 && text[at - 1] != '\n')) return {};
  const std::size_t begin = at + start.size();
  return std::string(text.substr(begin, text.find_first_of("\r\n", begin) - begin));
}

Style style_of_humdrum(ByteView bytes, std::string_view path) {
  const std::string name = lower(path);
  const std::string players = lower(record(bytes, "AIN"));
  if (has(lower(record(bytes, "AGN")), "sacred") ||
      has_any(name, {"missa", "msza", "offertor", "litan", "psalm", "vesper", "kyrie", "gloria"})) {
    return has_any(players, {"vox", "sopr", "alt", "ten", "bass"}) || players.empty()
               ? Style::sacred
               : Style::organ;
  }
  if (has_any(name, {"mazur", "polonez", "polonais", "walc", "valse", "waltz", "krakowiak", "polka",
                     "kujawiak", "oberek", "kadryl", "quadrille", "menuet", "galop", "taniec"})) {
    return Style::dance;
  }
  if (has_any(players, {"vox", "sopr", "mezzo", "tenor", "barit"})) {
    return has_any(players, {"piano", "guitar", "harp"}) ? Style::song : Style::stage;
  }
  if (has(players, "organ")) return Style::organ;
  if (has(players, "guitar")) return Style::guitar;
  if (has_any(players, {"corno", "cor", "clar", "timp", "tromb", "tromp", "fag"})) {
    return Style::orchestral;
  }
  if (has_any(players, {"viol", "vlc", "cello", "flt", "oboe"})) return Style::chamber;
  if (has_any(players, {"piano", "cemb"})) return Style::piano;
  return Style::unknown;
}

Style style_of_index(const std::map<std::string, std::string>& row) {
  const auto value = [&](const char* key) {
    const auto found = row.find(key);
    return found == row.end() ? std::string() : lower(found->second);
  };
  const std::string style = value("style");
  const std::string players = value("instrument");
  if (has(style, "hymn")) return Style::hymn;
  if (has_any(style, {"dance", "march"})) return Style::dance;
  if (has_any(style, {"popular", "jazz"})) return Style::popular;
  if (has_any(players, {"voice", "choir", "satb", "soprano"})) return Style::song;
  if (has(players, "orchestra")) return Style::orchestral;
  if (has(players, "guitar") || has(players, "lute")) return Style::guitar;
  if (has(players, "organ")) return Style::organ;
  if (has_any(players, {"piano", "harpsi", "clavi"}) && !has_any(players, {"viol", "cello"})) {
    return Style::piano;
  }
  return players.empty() ? Style::unknown : Style::chamber;
}

// An edition of Chopin is named `OPUS-EDITION-PUBLISHER-NUMBER.krn`, such as 007-1-KI-001.krn.
std::string chopin_work(const std::string& path) {
  static const std::regex pattern(R"((\d+)[^/]*?-([0-9]+[a-z]?)\.krn$)");
  std::smatch found;
  if (!std::regex_search(path, found, pattern)) return path;
  return found[1].str() + "/" + found[2].str();
}

std::string parent(const std::string& path) {
  return std::filesystem::path(path).parent_path().generic_string();
}

// A tune whose source or composer claims rights.
bool claims_copyright(ByteView bytes) {
  std::istringstream lines{std::string(as_text(bytes))};
  for (std::string line; std::getline(lines, line);) {
    const bool of_interest = line.starts_with("S:") || line.starts_with("C:");
    if (of_interest && has(line, "Copyright")) return true;
  }
  return false;
}

}  // namespace

const std::vector<Corpus>& corpora() {
  static const std::vector<Corpus> all = {
      {"polish-scores", ".krn", "CC-BY-4.0", "Fryderyk Chopin Institute", Style::unknown, 1.0,
       true},
      {"lieder", ".mxl", "CC0-1.0", "OpenScore", Style::song, 3.0, true},
      {"string-quartets", ".mxl", "CC0-1.0", "OpenScore", Style::chamber, 1.0, true},
      {"orchestra", ".mxl", "CC0-1.0", "OpenScore", Style::orchestral, 0.7, true},
      {"chopin-first-editions", ".krn", "CC-BY-4.0", "Fryderyk Chopin Institute", Style::piano, 1.5,
       true},
      {"mutopia", ".mid", "", "", Style::unknown, 2.0, true},
      {"open-hymnal", ".abc", "public domain", "Open Hymnal Project", Style::hymn, 3.0, true},
      {"open-ewld-public-domain", ".mxl", "public domain", "Open EWLD", Style::popular, 3.0, true},
      // Drumming alone: a model of its own.
      {"groove", ".mid", "CC-BY-4.0", "Google Magenta", Style::drums, 0.1, false},
  };
  return all;
}

Index read_index(const std::filesystem::path& path) {
  Index index;
  std::ifstream file(path);
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
    if (names.empty()) {
      names = cells;
      continue;
    }
    for (std::size_t i = 0; i < std::min(cells.size(), names.size()); ++i) {
      index[cells[0]][names[i]] = cells[i];
    }
  }
  return index;
}

Verdict judge(const Corpus& corpus, const std::string& path, ByteView bytes, const Index& index) {
  Verdict verdict{
      std::string(corpus.licence), std::string(corpus.attribution), corpus.style, parent(path), {}};
  if (corpus.name == "polish-scores") {
    verdict.style = style_of_humdrum(bytes, path);
    // Movements of one source share what comes before the second `--`.
    const std::string name = std::filesystem::path(path).filename().string();
    const std::size_t first = name.find("--");
    verdict.work = name.substr(0, name.find("--", first == std::string::npos ? 0 : first + 2));
  } else if (corpus.name == "chopin-first-editions") {
    verdict.work = chopin_work(path);
  } else if (corpus.name == "mutopia") {
    const auto row = index.find(path);
    if (row == index.end()) {
      verdict.reason = "not in the index: licence unknown";
    } else {
      verdict.licence =
          row->second.at("licence") == "PD" ? "public domain" : row->second.at("licence");
      verdict.style = style_of_index(row->second);
      const auto maintainer = row->second.find("maintainer");
      if (maintainer != row->second.end()) verdict.attribution = maintainer->second;
      if (verdict.licence != "public domain" && verdict.attribution.empty()) {
        verdict.reason = "its licence asks to name the maintainer, whom the index doesn't tell";
      }
    }
    if (path.starts_with("BachJS/")) verdict.reason = "Bach: kept apart for the chorale benchmark";
  } else if (corpus.name == "open-hymnal") {
    if (claims_copyright(bytes)) verdict.reason = "its header claims copyright";
  }
  return verdict;
}

std::string judge(const music::Score& score) {
  std::size_t notes = 0;
  for (const music::Part& part : score.parts) notes += part.notes.size();
  if (notes < 16) return "fewer than 16 notes";
  if (music::end_of(score) > music::Ticks::quarters(20000)) return "longer than 20,000 quarters";
  return {};
}

}  // namespace antiphon::train
