// SPDX-License-Identifier: Apache-2.0
#include "music/originality.h"

#include <algorithm>
#include <array>

#include "base/random.h"

namespace antiphon::music {
namespace {

constexpr int least_pitches = 4;

std::uint64_t mixed(std::uint64_t state) { return Random(state).bits(); }

int distinct_pitches(std::span<const LineNote> stretch) {
  std::array<bool, 128> seen{};
  for (const LineNote& note : stretch) seen[static_cast<std::size_t>(note.pitch & 127)] = true;
  return static_cast<int>(std::count(seen.begin(), seen.end(), true));
}

std::uint64_t hash_of(std::span<const LineNote> stretch) {
  std::uint64_t hash = stretch.size();
  for (std::size_t i = 1; i < stretch.size(); ++i) {
    const std::int64_t time = stretch[i].onset - stretch[i - 1].onset;
    const std::int64_t interval = stretch[i].pitch - stretch[i - 1].pitch;
    hash = mixed(hash ^ static_cast<std::uint64_t>(time * 512 + interval + 128));
  }
  return hash;
}

/// Calls `use(hash)` for each stretch that counts.
template <class Use>
void for_each_stretch(std::span<const LineNote> line, std::size_t length, Use use) {
  for (std::size_t i = 0; i + length <= line.size(); ++i) {
    const auto stretch = line.subspan(i, length);
    if (distinct_pitches(stretch) >= least_pitches) use(hash_of(stretch));
  }
}

}  // namespace

std::vector<LineNote> top_line(std::span<const LineNote> notes) {
  std::vector<LineNote> line;
  for (const LineNote& note : notes) {
    if (line.empty() || line.back().onset != note.onset) {
      line.push_back(note);
    } else {
      line.back().pitch = std::max(line.back().pitch, note.pitch);
    }
  }
  return line;
}

void Stretches::add(std::span<const LineNote> line) {
  for_each_stretch(line, length_, [&](std::uint64_t hash) { hashes_.push_back(hash); });
}

void Stretches::finish() {
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
}

Stretches::Rate Stretches::rate(std::span<const LineNote> line) const {
  Rate rate;
  for_each_stretch(line, length_, [&](std::uint64_t hash) {
    ++rate.all;
    if (std::binary_search(hashes_.begin(), hashes_.end(), hash)) ++rate.found;
  });
  return rate;
}

std::size_t Stretches::shared(const Stretches& other) const {
  if (size() > other.size()) return other.shared(*this);
  return static_cast<std::size_t>(
      std::count_if(hashes_.begin(), hashes_.end(), [&](std::uint64_t hash) {
        return std::binary_search(other.hashes_.begin(), other.hashes_.end(), hash);
      }));
}

std::size_t longest_shared(std::span<const std::vector<LineNote>> lines,
                           std::span<const std::vector<LineNote>> known, std::size_t least) {
  const auto share = [&](std::size_t length) {
    Stretches stretches(length);
    for (const auto& line : lines) stretches.add(line);
    stretches.finish();
    return std::any_of(known.begin(), known.end(),
                       [&](const auto& line) { return stretches.rate(line).found > 0; });
  };
  if (!share(least)) return 0;
  // What shares a stretch shares its parts: doubled until there is none, then halved.
  std::size_t shared = least, not_shared = 2 * least;
  while (share(not_shared)) {
    shared = not_shared;
    not_shared *= 2;
  }
  while (not_shared - shared > 1) {
    const std::size_t middle = (shared + not_shared) / 2;
    (share(middle) ? shared : not_shared) = middle;
  }
  return shared;
}

}  // namespace antiphon::music
