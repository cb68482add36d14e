// SPDX-License-Identifier: Apache-2.0
#include "music/chord_symbol.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace antiphon::music {
namespace {

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

template <class... Words>
bool take_any(std::string_view& text, Words... words) {
  return (take(text, words) || ...);
}

int take_accidentals(std::string_view& text) {
  int sum = 0;
  while (true) {
    if (take_any(text, "#", "♯")) {
      ++sum;
    } else if (take_any(text, "b", "♭")) {
      --sum;
    } else {
      return sum;
    }
  }
}

std::optional<int> take_root(std::string_view& text) {
  constexpr std::array<int, 7> pitches = {9, 11, 0, 2, 4, 5, 7};  // A to G.
  if (text.empty() || text.front() < 'A' || text.front() > 'G') return {};
  const int pitch = pitches[static_cast<std::size_t>(text.front() - 'A')];
  text.remove_prefix(1);
  return pitch + take_accidentals(text) + 24;
}

// A number of one or two digits, or nothing.
std::optional<int> take_degree(std::string_view& text) {
  for (const auto& [word, degree] : {std::pair{"13", 13},
                                     {"11", 11},
                                     {"2", 2},
                                     {"4", 4},
                                     {"5", 5},
                                     {"6", 6},
                                     {"7", 7},
                                     {"9", 9}}) {
    if (take(text, word)) return degree;
  }
  return {};
}

// Semitones above the root, of the major scale with a minor seventh.
int semitones(int degree) {
  constexpr std::array<int, 7> steps = {0, 2, 4, 5, 7, 9, 10};
  return steps[static_cast<std::size_t>((degree - 1) % 7)];
}

class Reader {
 public:
  explicit Reader(std::string_view symbol) : symbol_(symbol), text_(symbol) {}

  Result<PitchClassSet> read() {
    if (take_any(text_, "N.C.", "NC", "N.C") && text_.empty()) return PitchClassSet();
    text_ = symbol_;
    const auto root = take_root(text_);
    if (!root) return wrong("expected a root from A to G");
    root_ = *root;
    read_quality();
    while (!text_.empty()) {
      if (take_any(text_, "(", ")", ",", " ")) continue;
      if (text_.front() == '/' && !text_.starts_with("/9")) break;
      take(text_, "/");
      if (!read_change()) return wrong("'" + std::string(text_) + "' wasn't understood");
    }
    return result();
  }

 private:
  Error wrong(const std::string& why) const {
    return {Errc::invalid_input, "chord '" + std::string(symbol_) + "': " + why};
  }

  void read_quality() {
    if (take_any(text_, "Δ", "^")) {
      seventh_ = 11;
      take_extension();
    } else if (take_any(text_, "maj", "Maj", "MA", "M")) {
      seventh_ = 11;
      if (!take_extension()) seventh_.reset();
    } else if (take_any(text_, "dim", "°", "o")) {
      third_ = 3, fifth_ = 6;
      if (take(text_, "7")) seventh_ = 9;
    } else if (take_any(text_, "ø7", "ø", "Ø7", "Ø")) {
      third_ = 3, fifth_ = 6, seventh_ = 10;
    } else if (take_any(text_, "aug", "+")) {
      fifth_ = 8;
      take_seventh();
    } else if (take_any(text_, "min", "mi", "m", "-")) {
      third_ = 3;
      if (take_any(text_, "maj7", "Maj7", "M7", "Δ")) {
        seventh_ = 11;
      } else {
        take_seventh();
      }
    } else {
      take_seventh();
    }
  }

  // A minor seventh and what is stacked on it, or a sixth, or a bare fifth.
  void take_seventh() {
    if (text_.starts_with("6") || text_.starts_with("5") || text_.starts_with("2") ||
        text_.starts_with("4"))
      return;
    seventh_ = 10;
    if (!take_extension()) seventh_.reset();
  }

  bool take_extension() {
    if (take(text_, "7")) return true;
    for (const auto& [word, top] : {std::pair{"9", 9}, {"11", 11}, {"13", 13}}) {
      if (!take(text_, word)) continue;
      for (int degree = 9; degree <= top; degree += 2)
        more_.set(static_cast<std::size_t>(semitones(degree) % 12));
      // A major third and an eleventh aren't played together.
      if (top == 11 && third_ == 4) third_.reset();
      if (top == 13 && third_ == 4) more_.reset(5);
      return true;
    }
    return false;
  }

  bool read_change() {
    if (take(text_, "sus")) {
      third_.reset();
      const auto degree = take_degree(text_);
      more_.set(static_cast<std::size_t>(semitones(degree.value_or(4))));
      return true;
    }
    if (take_any(text_, "add")) return add(take_accidentals(text_));
    if (take_any(text_, "omit", "no")) {
      const bool third = take(text_, "3"), fifth = !third && take(text_, "5");
      if (third) third_.reset();
      if (fifth) fifth_.reset();
      return third || fifth;
    }
    if (take_any(text_, "alt")) {
      fifth_.reset();
      for (const std::size_t tone : {1u, 3u, 6u, 8u}) more_.set(tone);
      seventh_ = 10;
      return true;
    }
    if (take_any(text_, "maj7", "M7", "Δ")) return seventh_ = 11, true;
    if (text_.starts_with("5")) {
      take(text_, "5");
      third_.reset();
      return true;
    }
    return add(take_accidentals(text_));
  }

  bool add(int alteration) {
    if (take(text_, "+")) ++alteration;
    const auto degree = take_degree(text_);
    if (!degree) return false;
    if (*degree == 5) {
      fifth_ = 7 + alteration;
    } else if (*degree == 7) {
      seventh_ = 10 + alteration;
    } else {
      more_.set(static_cast<std::size_t>((semitones(*degree) + alteration + 12) % 12));
    }
    return true;
  }

  Result<PitchClassSet> result() {
    PitchClassSet classes;
    const auto set = [&](int above) {
      classes.set(static_cast<std::size_t>((root_ + above) % 12));
    };
    set(0);
    for (const auto& tone : {third_, fifth_, seventh_}) {
      if (tone) set(*tone);
    }
    for (int i = 0; i < 12; ++i) {
      if (more_.test(static_cast<std::size_t>(i))) set(i);
    }
    if (take(text_, "/")) {
      const auto bass = take_root(text_);
      if (!bass || !text_.empty()) return wrong("expected a bass from A to G after the stroke");
      classes.set(static_cast<std::size_t>(*bass % 12));
    }
    return classes;
  }

  std::string_view symbol_, text_;
  int root_ = 0;
  std::optional<int> third_ = 4, fifth_ = 7, seventh_;
  PitchClassSet more_;  // Above the root.
};

}  // namespace

Result<PitchClassSet> pitch_classes_of(std::string_view symbol) { return Reader(symbol).read(); }

}  // namespace antiphon::music
