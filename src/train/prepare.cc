// SPDX-License-Identifier: Apache-2.0
#include "train/prepare.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "crypto/hash.h"
#include "formats/kern.h"
#include "train/corpora.h"
#include "train/editions.h"
#include "train/piece.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;

// Part of every shard's input hash: to be raised when the rules below or the readers change.
constexpr std::string_view rules = "rules 3";

// A file of a corpus and what became of it: a line of the ledger.
struct Entry {
  std::string path;  // Below the corpus's folder.
  std::string sha256;
  Verdict verdict;
  std::string split;
  Piece piece;  // Its score is empty if the file was left out.
  std::size_t notes = 0;
};

std::vector<std::string> files_of(const fs::path& folder, std::string_view extension) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; it != end; it.increment(error)) {
    if (error) break;
    if (it->is_regular_file(error) && it->path().extension() == extension) {
      files.push_back(fs::relative(it->path(), folder, error).generic_string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::set<std::string> lines_of(const fs::path& path) {
  std::set<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.insert(line);
  }
  return lines;
}

bool in_validation(const Corpus& corpus, const std::string& work) {
  const std::string hash = crypto::sha256_hex(as_bytes(std::string(corpus.name) + "/" + work));
  return std::stoul(hash.substr(0, 8), nullptr, 16) % 100 == 0;
}

tokens::GridScore grid_of(const music::Score& score) {
  // Mensural pieces count in breves; read as semibreves they have bars like others.
  const bool in_breves = std::any_of(score.meters.begin(), score.meters.end(),
                                     [](const auto& m) { return m.value.denominator() == 1; });
  tokens::GridScore grid = tokens::quantize(score, in_breves ? 0.5 : 1.0);
  std::erase_if(grid.parts, [](const tokens::GridPart& part) { return part.notes.empty(); });
  return grid;
}

// Reads the music; `reason` is set where the file says too little of when its notes sound.
Result<formats::Reading> read_music(const Corpus& corpus, const std::string& path, ByteView bytes,
                                    std::string& reason) {
  if (corpus.name != "polish-scores") return formats::read(path, bytes);
  ANTIPHON_TRY(formats::KernReading kern, formats::read_kern_with_facts(bytes, path));
  const auto& facts = kern.facts;
  if (facts.bars_off_meter * 5 >= std::max(facts.bars, 1)) {
    reason = std::to_string(facts.bars_off_meter) + " of " + std::to_string(facts.bars) +
             " bars don't add up to their meter";
  }
  return std::move(kern.reading);
}

void read_entry(const Corpus& corpus, const fs::path& folder, const Index& index, Entry& entry) {
  const auto bytes = read_file(folder / entry.path);
  if (!bytes) {
    entry.verdict.reason = bytes.error().message;
    return;
  }
  entry.sha256 = crypto::sha256_hex(*bytes);
  entry.verdict = judge(corpus, entry.path, *bytes, index);
  if (!entry.verdict.reason.empty()) return;
  const auto reading = read_music(corpus, entry.path, *bytes, entry.verdict.reason);
  if (!reading) entry.verdict.reason = reading.error().message;
  if (entry.verdict.reason.empty()) entry.verdict.reason = judge(reading->score);
  if (!entry.verdict.reason.empty()) return;
  entry.piece.path = std::string(corpus.name) + "/" + entry.path;
  entry.piece.style = entry.verdict.style;
  entry.piece.score = grid_of(reading->score);
  entry.notes = entry.piece.notes();
}

void read_entries(const Corpus& corpus, const fs::path& folder, std::vector<Entry>& entries,
                  int jobs) {
  const Index index = read_index(folder / "index.tsv");
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < entries.size();) {
      read_entry(corpus, folder, index, entries[i]);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
}

// What is held out of all corpora that are there.
class HeldOut {
 public:
  explicit HeldOut(const PrepareOptions& options) : options_(options) {
    std::string signature;
    for (const std::string& path : lines_of(options.held_out)) {
      std::error_code error;
      const auto size = fs::file_size(options.corpora / path, error);
      if (error) continue;
      paths_.insert(path);
      signature += path + " " + std::to_string(size) + "\n";
    }
    hash_ = crypto::sha256_hex(as_bytes(signature));
  }

  bool has(const std::string& path) const { return paths_.count(path) > 0; }
  // Changes with the list and its files.
  const std::string& hash() const { return hash_; }

  // Reads the pieces when it is asked for the first time.
  const Editions& editions() {
    if (!editions_) editions_.emplace(read());
    return *editions_;
  }

 private:
  std::vector<Piece> read() const {
    std::vector<Piece> pieces;
    for (const Corpus& corpus : corpora()) {
      const std::string folder = std::string(corpus.name) + "/";
      std::vector<Entry> entries;
      for (const std::string& path : paths_) {
        if (path.starts_with(folder)) entries.emplace_back().path = path.substr(folder.size());
      }
      read_entries(corpus, options_.corpora / corpus.name, entries, options_.jobs);
      for (Entry& entry : entries) {
        if (entry.verdict.reason.empty()) pieces.push_back(std::move(entry.piece));
      }
    }
    return pieces;
  }

  const PrepareOptions& options_;
  std::set<std::string> paths_;
  std::string hash_;
  std::optional<Editions> editions_;
};

// Files with equal bytes count once, and editions of one work share the weight of one.
void weigh(const Corpus& corpus, std::vector<Entry>& entries) {
  std::set<std::string> seen;
  std::map<std::string, int> editions;
  for (Entry& entry : entries) {
    if (!entry.verdict.reason.empty()) continue;
    if (!seen.insert(entry.sha256).second) {
      entry.verdict.reason = "the same bytes as a file before it";
    } else {
      ++editions[entry.verdict.work];
    }
  }
  if (corpus.name != "chopin-first-editions") return;
  for (Entry& entry : entries) {
    if (entry.verdict.reason.empty()) {
      entry.piece.weight = 1.0F / static_cast<float>(editions[entry.verdict.work]);
    }
  }
}

// Nothing is learned from another edition of what is held out.
void leave_out_editions(const Corpus& corpus, HeldOut& held_out, std::vector<Entry>& entries) {
  for (Entry& entry : entries) {
    if (!entry.verdict.reason.empty()) continue;
    if (held_out.has(std::string(corpus.name) + "/" + entry.path)) continue;
    const auto match = held_out.editions().of(entry.piece);
    if (!match) continue;
    entry.verdict.reason = "shares " + std::to_string(match->shared) + " of " +
                           std::to_string(match->of) + " stretches of 16 notes with " +
                           match->path + ", which is held out";
  }
}

std::string ledger_of(const std::vector<Entry>& entries, const Corpus& corpus) {
  std::ostringstream out;
  out << "path\tsha256\tlicence\tnotes\tsplit\tkept\treason\tstyle\tweight\tattribution\n";
  for (const Entry& entry : entries) {
    const bool kept = entry.verdict.reason.empty();
    std::string reason = entry.verdict.reason;
    std::replace_if(
        reason.begin(), reason.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
    out << corpus.name << '/' << entry.path << '\t' << entry.sha256 << '\t' << entry.verdict.licence
        << '\t' << entry.notes << '\t' << (kept ? entry.split : "-") << '\t'
        << (kept ? "yes" : "no") << '\t' << reason << '\t'
        << tokens::style_names[static_cast<std::size_t>(entry.verdict.style)] << '\t'
        << entry.piece.weight << '\t' << entry.verdict.attribution << '\n';
  }
  return out.str();
}

constexpr std::string_view splits[] = {"train", "validation", "held-out"};

Status prepare_corpus(const Corpus& corpus, const PrepareOptions& options, HeldOut& held_out,
                      const std::function<void(const std::string&)>& say) {
  const std::string name(corpus.name);
  const fs::path folder = options.corpora / name;
  const auto shard_path = [&](std::string_view split) {
    return options.shards / (name + "." + std::string(split) + ".shard");
  };
  std::vector<Entry> entries;
  std::string signature = std::string(rules) + "\n" + held_out.hash();
  for (std::string& path : files_of(folder, corpus.extensions)) {
    std::error_code error;
    signature += "\n" + path + " " + std::to_string(fs::file_size(folder / path, error)) +
                 (held_out.has(name + "/" + path) ? " held out" : "");
    entries.emplace_back().path = std::move(path);
  }
  const std::string inputs = crypto::sha256_hex(as_bytes(signature));
  if (std::all_of(std::begin(splits), std::end(splits),
                  [&](std::string_view split) { return inputs_of(shard_path(split)) == inputs; })) {
    say(name + ": is there already");
    return Done{};
  }

  read_entries(corpus, folder, entries, options.jobs);
  leave_out_editions(corpus, held_out, entries);
  weigh(corpus, entries);
  std::map<std::string_view, Shard> shards;
  std::size_t kept = 0;
  std::size_t notes = 0;
  for (std::string_view split : splits) shards[split] = {name, inputs, {}};
  for (Entry& entry : entries) {
    if (!entry.verdict.reason.empty()) continue;
    entry.split = held_out.has(name + "/" + entry.path)       ? "held-out"
                  : in_validation(corpus, entry.verdict.work) ? "validation"
                                                              : "train";
    ++kept;
    notes += entry.notes;
    shards[entry.split].pieces.push_back(std::move(entry.piece));
  }
  ANTIPHON_CHECK(write_file(options.shards / (name + ".ledger.tsv"), ledger_of(entries, corpus)));
  for (const auto& [split, shard] : shards) {
    ANTIPHON_CHECK(write_file(shard_path(split), write_shard(shard)));
  }
  say(name + ": " + std::to_string(kept) + " of " + std::to_string(entries.size()) + " files, " +
      std::to_string(notes) + " notes");
  return Done{};
}

}  // namespace

Status prepare(const PrepareOptions& options, const std::function<void(const std::string&)>& say) {
  std::error_code error;
  fs::create_directories(options.shards, error);
  if (error) {
    return Error{Errc::io, options.shards.string() + ": can't be made: " + error.message()};
  }
  if (!options.held_out.empty() && !fs::exists(options.held_out)) {
    return Error{Errc::not_found, options.held_out.string() + ": no such list of held-out pieces"};
  }
  for (const std::string& name : options.only) {
    const bool known = std::any_of(corpora().begin(), corpora().end(),
                                   [&](const Corpus& corpus) { return corpus.name == name; });
    if (!known) return Error{Errc::invalid_input, "there is no corpus called " + name};
  }
  HeldOut held_out(options);
  bool found = false;
  for (const Corpus& corpus : corpora()) {
    const bool asked = std::count(options.only.begin(), options.only.end(), corpus.name) > 0;
    if (!asked && !(options.only.empty() && corpus.by_default)) continue;
    if (!fs::exists(options.corpora / corpus.name)) {
      if (!asked) continue;
      return Error{Errc::not_found, (options.corpora / corpus.name).string() + ": no such folder"};
    }
    found = true;
    ANTIPHON_CHECK(prepare_corpus(corpus, options, held_out, say));
  }
  if (!found) {
    return Error{Errc::not_found,
                 options.corpora.string() + ": holds no corpus that is known here"};
  }
  return Done{};
}

}  // namespace antiphon::train
