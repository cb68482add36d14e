// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_order.h"

#include <algorithm>
#include <bit>
#include <map>

namespace antiphon::formats {
namespace {

/// A bracket over some bars. Brackets that stand side by side are a group: the ways out of one
/// repeated section.
struct Ending {
  std::size_t first;
  std::size_t last;
  std::uint64_t numbers;
  int group_passes = 0;    ///< How often the section before the group is played.
  bool group_end = false;  ///< The last of its group.
};

constexpr std::size_t no_ending = ~std::size_t{0};

int highest(std::uint64_t numbers) { return 64 - std::countl_zero(numbers); }

std::vector<Ending> endings_of(std::span<const BarFlow> bars) {
  std::vector<Ending> endings;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (bars[i].ending_starts == 0) continue;
    // A bracket that nobody closes ends with the repeat sign, else with its first bar.
    std::size_t last = i;
    for (std::size_t k = i; k < bars.size() && (k == i || bars[k].ending_starts == 0); ++k) {
      if (bars[k].ending_stops || bars[k].times > 0) {
        last = k;
        break;
      }
    }
    endings.push_back({i, last, bars[i].ending_starts});
    i = last;
  }
  for (std::size_t from = 0; from < endings.size();) {
    std::size_t to = from + 1;
    int passes = highest(endings[from].numbers);
    for (; to < endings.size() && endings[to].first == endings[to - 1].last + 1; ++to) {
      passes = std::max(passes, highest(endings[to].numbers));
    }
    if (to == from + 1 && bars[endings[from].last].times > 0) ++passes;  // "1." alone, then on.
    for (std::size_t k = from; k < to; ++k) endings[k].group_passes = passes;
    endings[to - 1].group_end = to > from + 1 || bars[endings[from].last].times == 0;
    from = to;
  }
  return endings;
}

/// Where signs stand, by label.
class Signs {
 public:
  void add(int label, std::size_t bar) {
    if (label != BarFlow::none) bars_.emplace(label, bar);
  }
  /// A label that no sign has falls back to the first sign, since writers forget to number them.
  std::optional<std::size_t> find(int label) const {
    if (bars_.empty()) return std::nullopt;
    const auto found = bars_.find(label);
    return found != bars_.end() ? found->second : bars_.begin()->second;
  }

 private:
  std::map<int, std::size_t> bars_;
};

class Player {
 public:
  Player(std::span<const BarFlow> bars, std::size_t max_bars)
      : bars_(bars), max_bars_(max_bars), endings_(endings_of(bars)) {
    ending_of_.assign(bars.size(), no_ending);
    for (std::size_t e = 0; e < endings_.size(); ++e) {
      for (std::size_t i = endings_[e].first; i <= endings_[e].last; ++i) ending_of_[i] = e;
    }
    jumped_from_.assign(bars.size(), false);
    for (std::size_t i = 0; i < bars.size(); ++i) {
      segnos_.add(bars[i].segno, i);
      codas_.add(bars[i].coda, i);
    }
  }

  std::optional<std::vector<std::uint32_t>> play() {
    std::size_t at = 0;
    while (at < bars_.size()) {
      enter(at);
      if (ending_of_[at] != no_ending && !plays(endings_[ending_of_[at]])) {
        at = endings_[ending_of_[at]].last + 1;
        continue;
      }
      if (order_.size() == max_bars_) return std::nullopt;
      order_.push_back(static_cast<std::uint32_t>(at));
      const std::optional<std::size_t> next = leave(at);
      if (!next) break;
      at = *next;
    }
    return std::move(order_);
  }

 private:
  /// A section begins at |: and behind the last ending of the section before.
  void enter(std::size_t at) {
    const bool behind_endings =
        at > 0 && ending_of_[at - 1] != no_ending && ending_of_[at] != ending_of_[at - 1] &&
        (ending_of_[at] == no_ending || endings_[ending_of_[at - 1]].group_end);
    if ((bars_[at].forward_repeat || behind_endings) && at != section_) {
      section_ = at;
      pass_ = 1;
    }
  }

  bool plays(const Ending& ending) const {
    if (after_jump_) return ending.group_end;
    return pass_ <= 64 && (ending.numbers >> (pass_ - 1) & 1) != 0;
  }

  /// Where to go from the end of a bar; nothing at the end of the piece.
  std::optional<std::size_t> leave(std::size_t at) {
    const BarFlow& bar = bars_[at];
    if (bar.times > 0 && !after_jump_) {
      const bool in_ending = ending_of_[at] != no_ending;
      const int passes =
          in_ending ? std::max(endings_[ending_of_[at]].group_passes, bar.times > 2 ? bar.times : 0)
                    : bar.times;
      if (pass_ < passes) {
        ++pass_;
        return section_;
      }
      section_ = at + 1;
      pass_ = 1;
    }
    if (after_jump_ && bar.fine) return std::nullopt;
    if (after_jump_ && bar.to_coda != BarFlow::none) {
      // Only forwards, so that a coda before its sign can't make a circle.
      const auto coda = codas_.find(bar.to_coda);
      if (coda && *coda > at) return coda;
    }
    if ((bar.da_capo || bar.dal_segno != BarFlow::none) && !jumped_from_[at]) {
      jumped_from_[at] = true;
      const auto target = bar.da_capo ? std::optional<std::size_t>(0) : segnos_.find(bar.dal_segno);
      if (target) {
        after_jump_ = true;
        return target;
      }
    }
    return at + 1;
  }

  std::span<const BarFlow> bars_;
  std::size_t max_bars_;
  std::vector<Ending> endings_;
  std::vector<std::size_t> ending_of_;  ///< [bars], into endings_.
  std::vector<bool> jumped_from_;
  Signs segnos_;
  Signs codas_;
  std::vector<std::uint32_t> order_;
  std::size_t section_ = 0;  ///< Where :| goes back to.
  int pass_ = 1;             ///< Of the section, from 1.
  bool after_jump_ = false;
};

}  // namespace

std::optional<std::vector<std::uint32_t>> play_order(std::span<const BarFlow> bars,
                                                     std::size_t max_bars) {
  return Player(bars, max_bars).play();
}

}  // namespace antiphon::formats
