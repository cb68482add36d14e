// SPDX-License-Identifier: Apache-2.0
#include "train/benchmark_data.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace antiphon::train {
namespace {

using Json = nlohmann::json;
using Kind = BenchmarkData::Kind;

constexpr std::size_t voices = 4;

Result<Frame> frame_of(const Json& json, const BenchmarkData& data) {
  const Error not_a_frame{Errc::invalid_input, "a frame is a list of MIDI pitches"};
  if (!json.is_array() || json.size() > 128) return not_a_frame;
  Frame frame;
  for (const Json& value : json) {
    if (!value.is_number_integer()) return not_a_frame;
    const auto pitch = value.get<std::int64_t>();
    if (data.kind == Kind::voices && pitch == BenchmarkData::rest) {
      frame.push_back(data.end());
    } else if (pitch >= data.lowest && pitch < data.lowest + data.pitches) {
      frame.push_back(static_cast<std::int16_t>(pitch - data.lowest));
    } else {
      return Error{Errc::invalid_input, "pitch " + std::to_string(pitch) + " is not in " +
                                            std::to_string(data.lowest) + " to " +
                                            std::to_string(data.lowest + data.pitches - 1)};
    }
  }
  if (data.kind == Kind::voices) {
    if (frame.size() == voices) return frame;
    return Error{Errc::invalid_input,
                 "a frame has four voices, not " + std::to_string(frame.size())};
  }
  std::sort(frame.begin(), frame.end());
  frame.erase(std::unique(frame.begin(), frame.end()), frame.end());
  frame.push_back(data.end());
  return frame;
}

Status read_split(const Json& file, const char* split, const BenchmarkData& data,
                  std::vector<Frames>& pieces) {
  const auto found = file.find(split);
  if (found == file.end() || !found->is_array() || found->empty()) {
    return Error{Errc::invalid_input, std::string("there is no list of pieces \"") + split + '"'};
  }
  for (const Json& piece : *found) {
    Frames frames;
    for (const Json& frame : piece) {
      auto read = frame_of(frame, data);
      if (!read) {
        return Error{read.error().code, std::string(split) + ", piece " +
                                            std::to_string(pieces.size() + 1) + ", frame " +
                                            std::to_string(frames.size() + 1) + ": " +
                                            read.error().message};
      }
      frames.push_back(std::move(*read));
    }
    if (!frames.empty()) pieces.push_back(std::move(frames));
  }
  return Done{};
}

/// Mean of -ln p over the voices of all frames, where `nats(voice, before, now)` gives one of them;
/// `before` is -1 in the first frame.
template <class Nats>
double mean_of_voices(const std::vector<Frames>& pieces, Nats nats) {
  double sum = 0;
  std::size_t count = 0;
  for (const Frames& piece : pieces) {
    for (std::size_t t = 0; t < piece.size(); ++t) {
      for (std::size_t v = 0; v < piece[t].size(); ++v, ++count) {
        sum += nats(v, t > 0 ? piece[t - 1][v] : -1, piece[t][v]);
      }
    }
  }
  return sum / static_cast<double>(count);
}

/// A distribution of classes for each row, by counting.
class Counts {
 public:
  Counts(std::size_t rows, const BenchmarkData& data, double smoothing)
      : classes_(static_cast<std::size_t>(data.classes())),
        counts_(rows * classes_, smoothing),
        totals_(rows, smoothing * static_cast<double>(classes_)) {}
  double add(std::size_t row, int value) {
    totals_[row] += 1;
    return counts_[row * classes_ + static_cast<std::size_t>(value)] += 1;
  }
  double nats(std::size_t row, int value) const {
    return -std::log(counts_[row * classes_ + static_cast<std::size_t>(value)] / totals_[row]);
  }

 private:
  std::size_t classes_;
  std::vector<double> counts_, totals_;
};

}  // namespace

int BenchmarkData::slots() const {
  std::size_t most = 1;
  for (const auto* split : {&train, &valid, &test}) {
    for (const Frames& piece : *split) {
      for (const Frame& frame : piece) most = std::max(most, frame.size());
    }
  }
  return static_cast<int>(most);
}

Result<BenchmarkData> read_benchmark(ByteView bytes, std::string_view name, Kind kind) {
  BenchmarkData data;
  data.kind = kind;
  if (kind == Kind::voices) data.lowest = 36, data.pitches = 46;
  const auto fail = [&](const std::string& what) {
    return Error{Errc::invalid_input, std::string(name) + ": " + what};
  };
  const Json file = Json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  if (!file.is_object()) return fail("expected a JSON object with train, valid and test");
  for (const auto& [split, pieces] :
       {std::pair{"train", &data.train}, std::pair{"valid", &data.valid},
        std::pair{"test", &data.test}}) {
    const Status status = read_split(file, split, data, *pieces);
    if (!status) return fail(status.error().message);
    if (pieces->empty()) return fail(std::string(split) + " has no frames");
  }
  return data;
}

Transposer::Transposer(const BenchmarkData& data, int most)
    : voices_(data.kind == Kind::voices), rest_(data.end()), most_(most) {
  if (!voices_) {
    low_.fill(0);
    high_.fill(data.pitches - 1);
    return;
  }
  low_.fill(data.pitches);
  high_.fill(-1);
  for (const Frames& piece : data.train) {
    for (const Frame& frame : piece) {
      for (std::size_t v = 0; v < std::min(frame.size(), voices); ++v) {
        if (frame[v] == rest_) continue;
        low_[v] = std::min<int>(low_[v], frame[v]);
        high_[v] = std::max<int>(high_[v], frame[v]);
      }
    }
  }
}

Transposer::Moved Transposer::operator()(const Frames& piece, Random& random) const {
  int down = -most_, up = most_;
  for (const Frame& frame : piece) {
    for (std::size_t slot = 0; slot < frame.size(); ++slot) {
      if (frame[slot] == rest_) continue;
      down = std::max(down, low_[range_of(slot)] - frame[slot]);
      up = std::min(up, high_[range_of(slot)] - frame[slot]);
    }
  }
  Moved moved{piece, down};
  moved.by += static_cast<int>(random.below(static_cast<std::uint64_t>(up - down + 1)));
  for (Frame& frame : moved.piece) {
    for (std::int16_t& value : frame) {
      if (value != rest_) value = static_cast<std::int16_t>(value + moved.by);
    }
  }
  return moved;
}

double uniform_nats(const BenchmarkData& data) {
  return data.kind == Kind::chords ? data.pitches * std::log(2.0) : std::log(data.classes());
}

double independent_nats(const BenchmarkData& data, const std::vector<Frames>& pieces) {
  std::vector<double> counts(static_cast<std::size_t>(data.pitches), 0.5);
  double total = 1;
  for (const Frames& piece : data.train) {
    for (const Frame& frame : piece) {
      total += 1;
      for (const std::int16_t value : frame) {
        if (value != data.end()) counts[static_cast<std::size_t>(value)] += 1;
      }
    }
  }
  double silence = 0, sum = 0;
  for (const double count : counts) silence -= std::log1p(-count / total);
  std::size_t frames = 0;
  for (const Frames& piece : pieces) {
    for (const Frame& frame : piece) {
      ++frames;
      sum += silence;
      for (const std::int16_t value : frame) {
        if (value == data.end()) continue;
        const double chance = counts[static_cast<std::size_t>(value)] / total;
        sum += std::log1p(-chance) - std::log(chance);
      }
    }
  }
  return sum / static_cast<double>(frames);
}

double unigram_nats(const BenchmarkData& data, const std::vector<Frames>& pieces) {
  Counts counts(voices, data, 1);
  mean_of_voices(data.train, [&](std::size_t v, int, int now) { return counts.add(v, now); });
  return mean_of_voices(pieces, [&](std::size_t v, int, int now) { return counts.nats(v, now); });
}

double bigram_nats(const BenchmarkData& data, const std::vector<Frames>& pieces, double smoothing) {
  const auto rows = static_cast<std::size_t>(data.classes()) + 1;
  Counts counts(voices * rows, data, smoothing);
  const auto row = [&](std::size_t v, int before) {
    return v * rows + static_cast<std::size_t>(before + 1);
  };
  mean_of_voices(data.train, [&](std::size_t v, int before, int now) {
    return counts.add(row(v, before), now);
  });
  return mean_of_voices(
      pieces, [&](std::size_t v, int before, int now) { return counts.nats(row(v, before), now); });
}

}  // namespace antiphon::train
