// SPDX-License-Identifier: Apache-2.0
#include "train/kneser_ney.h"

#include <algorithm>
#include <array>
#include <utility>

namespace antiphon::train {
namespace {

std::uint64_t pair_key(std::uint64_t context, std::uint16_t symbol) {
  std::uint64_t key = context * 0x9e3779b97f4a7c15u;
  key = ((key ^ (key >> 32)) + symbol + 1) * 0xd6e8feb86659fd93u;
  return std::max<std::uint64_t>(key ^ (key >> 32), 1);
}

}  // namespace

template <class Record>
Record& CountTable<Record>::at(std::uint64_t key) {
  if ((used_ + 1) * 4 > records_.size() * 3) grow();
  const std::size_t mask = records_.size() - 1;
  std::size_t i = key & mask;
  while (records_[i].key != 0 && records_[i].key != key) i = (i + 1) & mask;
  if (records_[i].key == 0) {
    records_[i].key = key;
    ++used_;
  }
  return records_[i];
}

template <class Record>
const Record* CountTable<Record>::find(std::uint64_t key) const {
  if (records_.empty()) return nullptr;
  const std::size_t mask = records_.size() - 1;
  for (std::size_t i = key & mask; records_[i].key != 0; i = (i + 1) & mask) {
    if (records_[i].key == key) return &records_[i];
  }
  return nullptr;
}

template <class Record>
void CountTable<Record>::grow() {
  std::vector<Record> old(std::max<std::size_t>(64, records_.size() * 2), Record{});
  old.swap(records_);
  used_ = 0;
  for (const Record& record : old) {
    if (record.key != 0) at(record.key) = record;
  }
}

KneserNey::KneserNey(std::size_t symbols, std::size_t levels)
    : symbols_(symbols), levels_(levels) {}

void KneserNey::add(std::span<const std::uint64_t> contexts, std::uint16_t symbol) {
  // What is new after a context is one more kind for the context before it, and no more.
  for (std::size_t k = levels_.size(); k-- > 0;) {
    const std::uint32_t count = ++levels_[k].pairs.at(pair_key(contexts[k], symbol)).count;
    Context& context = levels_[k].contexts.at(std::max<std::uint64_t>(contexts[k], 1));
    ++context.total;
    if (count == 1) ++context.once;
    if (count == 2) --context.once, ++context.twice;
    if (count == 3) --context.twice, ++context.more;
    if (count > 1) return;
  }
}

void KneserNey::finish() {
  for (Level& level : levels_) {
    std::array<double, 5> n{};  // Pairs by their counts.
    level.pairs.each([&](const Pair& pair) {
      if (pair.count < n.size()) ++n[pair.count];
    });
    for (std::size_t i = 1; i <= 3; ++i) {
      // With too little to count, as much as is usual.
      double discount = 0.75;
      if (n[1] > 0 && n[2] > 0 && n[i] > 0) {
        const auto order = static_cast<double>(i);
        discount = order - (order + 1) * n[1] / (n[1] + 2 * n[2]) * n[i + 1] / n[i];
      }
      level.discount[i] = std::clamp(discount, 0.01, static_cast<double>(i) - 0.01);
    }
  }
}

double KneserNey::probability(std::span<const std::uint64_t> contexts, std::uint16_t symbol) const {
  double p = 1.0 / static_cast<double>(symbols_);
  for (std::size_t k = 0; k < levels_.size(); ++k) {
    const Level& level = levels_[k];
    const Context* context = level.contexts.find(std::max<std::uint64_t>(contexts[k], 1));
    if (context == nullptr) break;  // No longer one was seen either.
    const Pair* pair = level.pairs.find(pair_key(contexts[k], symbol));
    const std::uint32_t count = pair == nullptr ? 0 : pair->count;
    const double* d = level.discount;
    const double kept = count - d[std::min<std::uint32_t>(count, 3)];
    const double freed = d[1] * context->once + d[2] * context->twice + d[3] * context->more;
    p = (kept + freed * p) / context->total;
  }
  return p;
}

}  // namespace antiphon::train
