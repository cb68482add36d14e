// SPDX-License-Identifier: Apache-2.0
#include "train/ngram.h"

#include <algorithm>
#include <cmath>

#include "tokens/stream.h"

namespace antiphon::train {
namespace {

using tokens::Event;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ (value + 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
  return hash ^ (hash >> 29);
}

std::uint64_t hash_of(const Event& event) {
  return mix(
      mix(mix(mix(mix(1, event.shift), static_cast<std::uint64_t>(voice_of(event))), event.pitch),
          event.duration),
      event.velocity + (static_cast<std::uint64_t>(event.type) << 8));
}

}  // namespace

// Calls each(field, contexts, symbol) for every field that an event has.
template <class Each>
void Ngram::walk(std::span<const Event> events, const Each& each) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto targets = tokens::targets_of(events[i]);
    std::uint64_t so_far = 2;
    for (std::size_t field = 0; field < targets.size(); ++field) {
      if (targets[field] < 0) continue;
      Contexts contexts{};
      contexts[1] = so_far;
      std::uint64_t hash = so_far;
      for (std::size_t back = 1; back <= events_before; ++back) {
        const Event before = i >= back ? events[i - back] : Event{};
        contexts[2 * back] = mix(mix(hash, static_cast<std::uint64_t>(voice_of(before))),
                                 before.pitch + std::uint64_t{1000});
        hash = mix(hash, hash_of(before));
        contexts[2 * back + 1] = hash;
      }
      each(field, contexts, static_cast<std::uint16_t>(targets[field]));
      so_far = mix(so_far, static_cast<std::uint64_t>(targets[field]));
    }
  }
}

void Ngram::add(std::span<const Event> events) {
  walk(events, [&](std::size_t field, const Contexts& contexts, std::uint16_t symbol) {
    for (std::size_t c = 0; c < contexts.size(); ++c) {
      raw_[field][c].emplace_back(contexts[c], symbol);
    }
  });
}

void Ngram::finish() {
  for (std::size_t field = 0; field < raw_.size(); ++field) {
    for (std::size_t c = 0; c < raw_[field].size(); ++c) {
      auto& raw = raw_[field][c];
      auto& seen = seen_[field][c];
      std::sort(raw.begin(), raw.end());
      for (std::size_t i = 0; i < raw.size();) {
        const std::uint64_t context = raw[i].first;
        Seen whole{context, 0, 0};
        while (i < raw.size() && raw[i].first == context) {
          const std::uint16_t symbol = raw[i].second;
          Seen one{mix(context, symbol + std::uint64_t{1} * 1000), 0, 0};
          for (; i < raw.size() && raw[i] == std::pair(context, symbol); ++i) ++one.count;
          whole.count += one.count;
          ++whole.kinds;
          seen.push_back(one);
        }
        seen.push_back(whole);
      }
      std::vector<std::pair<std::uint64_t, std::uint16_t>>().swap(raw);
      std::sort(seen.begin(), seen.end(),
                [](const Seen& a, const Seen& b) { return a.key < b.key; });
    }
  }
}

std::array<double, tokens::field_count> Ngram::nats(std::span<const Event> events,
                                                    int contexts) const {
  std::array<double, tokens::field_count> nats{};
  walk(events, [&](std::size_t field, const Contexts& keys, std::uint16_t symbol) {
    double p = 1.0 / tokens::fields[field].size;
    for (std::size_t c = 0; c < static_cast<std::size_t>(contexts); ++c) {
      const auto& seen = seen_[field][c];
      const auto find = [&](std::uint64_t key) -> const Seen* {
        const auto at = std::lower_bound(seen.begin(), seen.end(), key,
                                         [](const Seen& s, std::uint64_t k) { return s.key < k; });
        return at != seen.end() && at->key == key ? &*at : nullptr;
      };
      const Seen* whole = find(keys[c]);
      if (whole == nullptr) break;  // A longer context was not seen either.
      const Seen* one = find(mix(keys[c], symbol + std::uint64_t{1} * 1000));
      p = ((one == nullptr ? 0.0 : one->count) + whole->kinds * p) /
          static_cast<double>(whole->count + whole->kinds);
    }
    nats[field] -= std::log(p);
  });
  return nats;
}

}  // namespace antiphon::train
