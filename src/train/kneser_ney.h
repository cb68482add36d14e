// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::train {

/// A table from 64-bit hashes to small records, for many millions of them. A record is new if it is
/// all zeros but for its key.
template <class Record>
class CountTable {
 public:
  /// The record of `key`, made where there is none.
  Record& at(std::uint64_t key);
  /// Null if there is none.
  const Record* find(std::uint64_t key) const;
  template <class Each>
  void each(const Each& each) const {
    for (const Record& record : records_) {
      if (record.key != 0) each(record);
    }
  }

 private:
  void grow();
  std::vector<Record> records_;  ///< Open addressing; key 0 is free.
  std::size_t used_ = 0;
};

/// What follows what, by interpolated modified Kneser-Ney smoothing (Chen and Goodman 1999).
///
/// A symbol is predicted from a chain of contexts, each of which refines the one before it; the
/// first is empty. The longest has the counts of what was seen; a shorter one counts in how many
/// kinds of the next longer ones a symbol was seen. Each level has three discounts, estimated from
/// its own counts of counts. Below the empty context lies the uniform distribution.
class KneserNey {
 public:
  /// Of symbols [0, symbols) after chains of `levels` contexts, the empty one included.
  KneserNey(std::size_t symbols, std::size_t levels);

  /// `contexts` [levels]: hashes of the contexts from the empty one on.
  void add(std::span<const std::uint64_t> contexts, std::uint16_t symbol);
  /// Once, after the last `add`.
  void finish();
  double probability(std::span<const std::uint64_t> contexts, std::uint16_t symbol) const;

 private:
  struct Pair {  // A symbol after a context.
    std::uint64_t key;
    std::uint32_t count;
  };
  struct Context {
    std::uint64_t key;
    std::uint32_t total;
    std::uint32_t once, twice, more;  // Kinds of symbols by their counts.
  };
  struct Level {
    CountTable<Pair> pairs;
    CountTable<Context> contexts;
    double discount[4] = {0, 0, 0, 0};  // By count, 3 and more alike.
  };

  std::size_t symbols_;
  std::vector<Level> levels_;
};

}  // namespace antiphon::train
