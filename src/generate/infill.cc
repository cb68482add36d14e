// SPDX-License-Identifier: Apache-2.0
#include "generate/infill.h"

#include <algorithm>
#include <numeric>

#include "music/quality.h"

namespace antiphon::generate {
namespace {

namespace cell = tokens::cell;
using music::Ticks;
using tokens::Cell;
using tokens::GridNote;
using tokens::VoiceGrid;
using Line = std::vector<GridNote>;

constexpr Ticks frame_ticks{tokens::ticks_per_step * tokens::steps_per_frame};

/// A line of a part and the voice that it takes in a grid.
struct Seat {
  std::size_t part = 0;
  Line line;
  bool filled = false;  ///< Whether its part of the region is to be made.
  VoiceRanges::value_type range = any_pitch;
};

double mean_pitch(const Line& line) {
  double sum = 0;
  for (const GridNote& note : line) sum += note.pitch;
  return line.empty() ? 0 : sum / static_cast<double>(line.size());
}

/// The voices that so many lines take, from high to low.
std::vector<std::size_t> voices_of(std::size_t lines) {
  if (lines == 1) return {0};
  if (lines == 2) return {0, 3};
  if (lines == 3) return {0, 1, 3};
  return {0, 1, 2, 3};
}

std::int32_t first_frame_from(Ticks at) {
  return static_cast<std::int32_t>((at.count + frame_ticks.count - 1) / frame_ticks.count);
}

/// What is filled of a score, in ticks; frames [from, to) begin in it.
struct Region {
  Ticks begin, end;
  std::int32_t from, to;
};

/// Fills the region of those seats that are to be filled, window by window. At most four seats,
/// from high to low. Gives the notes made, by seat; nothing if `progress` stopped it.
class Filling {
 public:
  Filling(Infiller& infiller, const tokens::GridScore& around, const Region& region,
          const Unmasking& unmasking, Random& random)
      : infiller_(infiller),
        around_(around),
        region_(region),
        unmasking_(unmasking),
        random_(random) {}

  std::size_t passes() const { return passes_; }

  bool run(std::vector<Seat>& seats, const Progress& progress, double done, double share) {
    const auto frames = static_cast<std::int32_t>(infiller_.frames());
    const auto known = static_cast<std::int32_t>(margin_frames);
    const double total = std::max(1, region_.to - region_.from);
    for (std::int32_t at = region_.from; at < region_.to;) {
      // A short region stands in the middle of its window, a long one goes on from what was filled.
      const std::int32_t left = region_.to - at;
      const std::int32_t before = std::max(known, (frames - left) / 2);
      const std::int32_t start = at - std::min(before, frames - 1);
      const std::int32_t end = std::min(region_.to, start + frames);
      const std::int32_t decided = end == region_.to ? end : end - known;
      fill(seats, start, at, end, decided);
      at = decided;
      if (!progress(done + share * (at - region_.from) / total)) return at >= region_.to;
    }
    return true;
  }

 private:
  void fill(std::vector<Seat>& seats, std::int32_t start, std::int32_t from, std::int32_t to,
            std::int32_t decided) {
    VoiceGrid grid(infiller_.frames());
    tokens::place_frames(around_.meters, start, grid.places);
    const auto voices = voices_of(seats.size());
    VoiceRanges ranges = {any_pitch, any_pitch, any_pitch, any_pitch};
    for (std::size_t i = 0; i < seats.size(); ++i) {
      tokens::write_line(seats[i].line, start, grid, voices[i]);
      if (!seats[i].filled) continue;
      ranges[voices[i]] = seats[i].range;
      auto& cells = grid.cells[voices[i]];
      auto at = static_cast<std::size_t>(from - start);
      // What sounds from before the region goes on; what was made before doesn't.
      if (from == region_.from) {
        while (at < static_cast<std::size_t>(to - start) && cells[at] == cell::hold) ++at;
      }
      for (; at < static_cast<std::size_t>(to - start); ++at) cells[at] = cell::masked;
    }
    const auto last = static_cast<std::size_t>(decided - start);
    infiller_.fill(grid, last, unmasking_, random_, ranges);
    passes_ += static_cast<std::size_t>(unmasking_.steps);
    for (std::size_t i = 0; i < seats.size(); ++i) {
      if (seats[i].filled) take(seats[i].line, grid.cells[voices[i]], start, from, decided);
    }
  }

  /// Adds the cells [from, to) to a line as notes.
  void take(Line& line, const std::vector<Cell>& cells, std::int32_t start, std::int32_t from,
            std::int32_t to) {
    // A note that the last window left at its end goes on into this one.
    bool sounding = from > region_.from && !line.empty() && goes_on(line, from);
    std::size_t current = sounding ? index_before(line, from) : 0;
    for (std::int32_t frame = from; frame < to; ++frame) {
      const Cell c = cells[static_cast<std::size_t>(frame - start)];
      const std::int32_t step = frame * tokens::steps_per_frame;
      if (cell::is_onset(c)) {
        GridNote note;
        note.onset = step;
        note.duration = tokens::steps_per_frame;
        note.pitch = static_cast<std::uint8_t>(cell::pitch(c));
        const auto place = std::upper_bound(line.begin(), line.end(), note, tokens::comes_before);
        current = static_cast<std::size_t>(place - line.begin());
        line.insert(place, note);
        sounding = true;
      } else if (c == cell::hold && sounding) {
        line[current].duration = step + tokens::steps_per_frame - line[current].onset;
      } else {
        sounding = false;
      }
    }
  }

  static std::size_t index_before(const Line& line, std::int32_t frame) {
    const auto next = std::partition_point(line.begin(), line.end(), [&](const GridNote& note) {
      return note.onset < frame * tokens::steps_per_frame;
    });
    return next == line.begin() ? 0 : static_cast<std::size_t>(next - line.begin()) - 1;
  }
  bool goes_on(const Line& line, std::int32_t frame) const {
    const GridNote& note = line[index_before(line, frame)];
    return note.onset >= region_.from * tokens::steps_per_frame &&
           note.end() == frame * tokens::steps_per_frame;
  }

  Infiller& infiller_;
  const tokens::GridScore& around_;
  const Region region_;
  const Unmasking& unmasking_;
  Random& random_;
  std::size_t passes_ = 0;
};

/// Mean loudness of a part; what a score says of nothing where it says nothing.
std::uint8_t loudness_of(const music::Part& part) {
  if (!part.velocities_known || part.notes.empty()) return music::Note::default_velocity;
  std::size_t sum = 0;
  for (const music::Note& note : part.notes) sum += note.velocity;
  return static_cast<std::uint8_t>(sum / part.notes.size());
}

/// Adds what was made of a line in the region to a part, and gives the number of notes. A pitch
/// that the part sounds at that time is left out.
std::size_t add_made(const Line& line, const Region& region, std::uint8_t velocity,
                     music::Part& part) {
  std::size_t added = 0;
  for (const GridNote& made : line) {
    const Ticks onset{made.onset * tokens::ticks_per_step};
    if (onset < region.begin || onset >= region.end) continue;
    const Ticks end = std::min(Ticks{made.end() * tokens::ticks_per_step}, region.end);
    const bool doubled =
        std::any_of(part.notes.begin(), part.notes.end(), [&](const music::Note& note) {
          return note.pitch == made.pitch && note.onset < end && note.end() > onset;
        });
    if (doubled || end <= onset) continue;
    part.notes.push_back({onset, end - onset, made.pitch, velocity});
    ++added;
  }
  return added;
}

void sort_notes(music::Part& part) {
  std::stable_sort(part.notes.begin(), part.notes.end(),
                   [](const music::Note& a, const music::Note& b) {
                     return std::pair(a.onset, a.pitch) < std::pair(b.onset, b.pitch);
                   });
}

void erase(const Region& region, Line& line) {
  std::erase_if(line, [&](const GridNote& note) {
    const Ticks onset{note.onset * tokens::ticks_per_step};
    return onset >= region.begin && onset < region.end;
  });
}

/// Lines of the parts that `heard` names, as far as `reach` frames around the region, most notes
/// first.
template <class Heard>
std::vector<Seat> seats_around(const tokens::GridScore& score, const Region& region,
                               std::int32_t reach, const Heard& heard) {
  std::vector<Seat> seats;
  for (std::size_t p = 0; p < score.parts.size(); ++p) {
    if (score.parts[p].drums || !heard(p)) continue;
    Line near;
    for (const GridNote& note : score.parts[p].notes) {
      if (note.end() > (region.from - reach) * tokens::steps_per_frame &&
          note.onset < (region.to + reach) * tokens::steps_per_frame) {
        near.push_back(note);
      }
    }
    for (Line& line : tokens::lines_of(near)) {
      seats.push_back({p, std::move(line), false, any_pitch});
    }
  }
  std::stable_sort(seats.begin(), seats.end(),
                   [](const Seat& a, const Seat& b) { return a.line.size() > b.line.size(); });
  return seats;
}

Result<Region> region_of(const music::Score& score, int first, int last) {
  const auto bars = music::bars_of(score);
  if (first < 1 || last < first || static_cast<std::size_t>(last) > bars.size()) {
    return Error{Errc::out_of_range, "there are no bars " + std::to_string(first) + "-" +
                                         std::to_string(last) + "; expected some of 1-" +
                                         std::to_string(bars.size())};
  }
  Region region;
  region.begin = bars[static_cast<std::size_t>(first) - 1].start;
  const bool until_end = static_cast<std::size_t>(last) == bars.size();
  region.end = until_end ? bars.back().start + bars.back().meter.bar()
                         : bars[static_cast<std::size_t>(last)].start;
  region.from = first_frame_from(region.begin);
  region.to = first_frame_from(region.end);
  return region;
}

}  // namespace

Result<Infilled> infill(Infiller& infiller, const music::Score& score, int first, int last,
                        std::vector<std::size_t> parts, const Unmasking& unmasking,
                        const Progress& progress) {
  ANTIPHON_CHECK(check(unmasking));
  ANTIPHON_TRY(const Region region, region_of(score, first, last));
  if (parts.empty()) {
    for (std::size_t i = 0; i < score.parts.size(); ++i) {
      if (!score.parts[i].drums && !score.parts[i].notes.empty()) parts.push_back(i);
    }
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  if (parts.empty()) return Error{Errc::invalid_input, "there is no pitched part with notes"};
  for (const std::size_t i : parts) {
    if (!score.parts[i].drums && !score.parts[i].notes.empty()) continue;
    return Error{Errc::invalid_input, "part " + std::to_string(i + 1) +
                                          (score.parts[i].drums ? " is drums" : " has no notes") +
                                          ", expected a part of pitched notes"};
  }

  Infilled result;
  result.score = score;
  for (const std::size_t i : parts) {
    std::erase_if(result.score.parts[i].notes, [&](const music::Note& note) {
      return note.onset >= region.begin && note.onset < region.end;
    });
  }
  const auto whole = tokens::quantize(score);
  // A part's lines are seen with the notes that it had, and sit where those were.
  std::vector<std::vector<Seat>> own(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (Line& line : tokens::lines_of(whole.parts[parts[i]].notes)) {
      own[i].push_back({parts[i], std::move(line), true, any_pitch});
    }
  }
  Random random(unmasking.seed);
  for (std::size_t begin = 0; begin < own.size() && !result.stopped;) {
    // As many parts at a time as there are voices for.
    std::vector<Seat> seats;
    std::size_t end = begin;
    for (; end < own.size() &&
           (end == begin || seats.size() + own[end].size() <= tokens::grid_voices);
         ++end) {
      seats.insert(seats.end(), own[end].begin(), own[end].end());
    }
    // The rest of the voices are given to what sounds around, most notes first.
    const auto around = tokens::quantize(result.score);
    const auto done = [&](std::size_t part) {
      const auto at = std::find(parts.begin(), parts.end(), part);
      return at == parts.end() || at - parts.begin() < static_cast<std::ptrdiff_t>(begin);
    };
    auto others = seats_around(around, region, static_cast<std::int32_t>(infiller.frames()), done);
    others.resize(std::min(others.size(), tokens::grid_voices - seats.size()));
    seats.insert(seats.end(), others.begin(), others.end());
    std::stable_sort(seats.begin(), seats.end(), [](const Seat& a, const Seat& b) {
      return mean_pitch(a.line) > mean_pitch(b.line);
    });
    for (Seat& seat : seats) {
      if (seat.filled) erase(region, seat.line);
    }
    Filling filling(infiller, whole, region, unmasking, random);
    const double parts_done = static_cast<double>(begin) / static_cast<double>(own.size());
    const double share = static_cast<double>(end - begin) / static_cast<double>(own.size());
    result.stopped = !filling.run(seats, progress, parts_done, share);
    result.passes += filling.passes();
    for (const Seat& seat : seats) {
      if (!seat.filled) continue;
      music::Part& part = result.score.parts[seat.part];
      result.notes += add_made(seat.line, region, loudness_of(score.parts[seat.part]), part);
      sort_notes(part);
    }
    begin = end;
  }
  return result;
}

Result<Infilled> harmonize(Infiller& infiller, const music::Score& score, std::size_t melody,
                           const Unmasking& unmasking, const Progress& progress) {
  ANTIPHON_CHECK(check(unmasking));
  const music::Part& tune = score.parts[melody];
  if (tune.drums || tune.notes.empty()) {
    return Error{Errc::invalid_input, "part " + std::to_string(melody + 1) +
                                          (tune.drums ? " is drums" : " has no notes") +
                                          ", expected a melody"};
  }
  struct Voice {
    const char* name;
    PitchRange range;
  };
  static constexpr Voice below[] = {{"alto", {53, 76}}, {"tenor", {46, 69}}, {"bass", {36, 62}}};
  constexpr std::uint8_t strings = 48;
  Infilled result;
  result.score = score;
  result.score.parts = {tune};
  ANTIPHON_TRY(const Region region,
               region_of(result.score, 1, static_cast<int>(music::bars_of(result.score).size())));
  const auto grid = tokens::quantize(result.score);
  std::vector<Seat> seats = {{0, tokens::lines_of(grid.parts[0].notes).front(), false, any_pitch}};
  for (std::size_t i = 0; i < std::size(below); ++i) {
    seats.push_back({i + 1, {}, true, below[i].range});
    music::Part part;
    part.name = std::string(music::ai_part_prefix) + " " + below[i].name;
    part.program = strings;
    result.score.parts.push_back(std::move(part));
  }
  Random random(unmasking.seed);
  Filling filling(infiller, grid, region, unmasking, random);
  result.stopped = !filling.run(seats, progress, 0, 1);
  result.passes = filling.passes();
  for (const Seat& seat : seats) {
    if (!seat.filled) continue;
    result.notes += add_made(seat.line, region, loudness_of(tune), result.score.parts[seat.part]);
  }
  return result;
}

}  // namespace antiphon::generate
