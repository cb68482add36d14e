// SPDX-License-Identifier: Apache-2.0
#include "music/measures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace antiphon::music {
namespace {

using Notes = std::vector<Note>;

Note note(int quarter, int quarters, int pitch) {
  return {Ticks::quarters(quarter), Ticks::quarters(quarters), static_cast<std::uint8_t>(pitch)};
}

std::vector<Bar> bars(int count) {
  std::vector<Bar> list;
  for (int i = 0; i < count; ++i) list.push_back({Ticks::quarters(4 * i), Meter()});
  return list;
}

TEST(Harmony, NothingThatSoundsWithItLeavesAMelodyUnsupported) {
  const Harmony harmony = harmony_of(Notes{note(0, 4, 60)}, {});
  EXPECT_EQ(harmony.unsupported_ratio(), 1);
}

TEST(Harmony, NotesThatOnlyTouchDontSoundTogether) {
  const Harmony harmony = harmony_of(Notes{note(4, 4, 60)}, Notes{note(0, 4, 60), note(8, 1, 60)});
  EXPECT_EQ(harmony.unsupported_ratio(), 1);
}

TEST(Harmony, OneConsonantNoteAmongOthersIsEnough) {
  const Harmony harmony = harmony_of(Notes{note(0, 4, 60)}, Notes{note(0, 1, 59), note(3, 1, 57)});
  EXPECT_EQ(harmony.consonant_ratio(), 1);
}

TEST(Harmony, IntervalsAreThoseOfTheDefinition) {
  // From the accompaniment up to the melody, in semitones.
  for (int interval = 0; interval < 24; ++interval) {
    const Harmony harmony = harmony_of(Notes{note(0, 1, 72)}, Notes{note(0, 1, 72 - interval)});
    const int in_octave = interval % 12;
    const bool consonant = in_octave == 0 || in_octave == 3 || in_octave == 4 || in_octave == 7 ||
                           in_octave == 8 || in_octave == 9;
    EXPECT_EQ(harmony.consonant_ratio(), consonant ? 1 : 0) << interval;
  }
}

TEST(Harmony, AFifthBelowIsConsonantAndAFifthAboveCountsAsAFourth) {
  EXPECT_EQ(harmony_of(Notes{note(0, 1, 67)}, Notes{note(0, 1, 60)}).consonant_ratio(), 1);
  EXPECT_EQ(harmony_of(Notes{note(0, 1, 60)}, Notes{note(0, 1, 67)}).dissonant_ratio(), 1);
}

TEST(Harmony, SharesAreWeightedByTheMelodysDurations) {
  const Harmony harmony =
      harmony_of(Notes{note(0, 1, 60), note(1, 2, 61), note(3, 5, 64)}, Notes{note(0, 3, 60)});
  EXPECT_DOUBLE_EQ(harmony.consonant_ratio(), 1.0 / 8);
  EXPECT_DOUBLE_EQ(harmony.dissonant_ratio(), 2.0 / 8);
  EXPECT_DOUBLE_EQ(harmony.unsupported_ratio(), 5.0 / 8);
}

TEST(Harmony, ALongNoteBeforeAShortOneDoesntLendItItsCompany) {
  // The accompaniment's note sounds with the held melody note alone.
  const Harmony harmony = harmony_of(Notes{note(0, 8, 60), note(0, 1, 64)}, Notes{note(6, 1, 60)});
  EXPECT_DOUBLE_EQ(harmony.unsupported, 1);
  EXPECT_DOUBLE_EQ(harmony.consonant, 8);
}

TEST(Harmony, AHeldNoteCarriesAllThatComesOverIt) {
  const Harmony harmony =
      harmony_of(Notes{note(0, 1, 60), note(1, 1, 64), note(2, 1, 67)}, Notes{note(0, 3, 48)});
  EXPECT_EQ(harmony.consonant_ratio(), 1);
}

TEST(JensenShannon, EqualShapesAreAtZeroWhateverTheirSize) {
  const std::vector<double> p = {1, 2, 3}, q = {2, 4, 6};
  EXPECT_NEAR(*js_divergence(p, q), 0, 1e-15);
}

TEST(JensenShannon, ShapesThatShareNothingAreAtLnTwo) {
  const std::vector<double> p = {1, 0}, q = {0, 5};
  EXPECT_DOUBLE_EQ(*js_divergence(p, q), std::numbers::ln2);
}

TEST(JensenShannon, IsTheMeanOfBothDivergencesFromTheMiddle) {
  const std::vector<double> p = {1, 1}, q = {1, 0};
  const double from_p = 0.5 * std::log(0.5 / 0.75) + 0.5 * std::log(0.5 / 0.25);
  const double from_q = std::log(1 / 0.75);
  EXPECT_DOUBLE_EQ(*js_divergence(p, q), (from_p + from_q) / 2);
}

TEST(JensenShannon, NothingCantBeCompared) {
  const std::vector<double> p = {1, 1}, q = {0, 0};
  EXPECT_FALSE(js_divergence(p, q));
}

TEST(Histograms, OnsetsAreCountedByTheirPlaceInThePiece) {
  const auto histogram =
      onset_histogram(Notes{note(0, 1, 60), note(32, 1, 60), note(63, 1, 60)}, Ticks::quarters(64));
  EXPECT_EQ(histogram[0], 1);
  EXPECT_EQ(histogram[32], 1);
  EXPECT_EQ(histogram[63], 1);
}

TEST(Histograms, AnOnsetAtTheEndIsInTheLastStretch) {
  EXPECT_EQ(onset_histogram(Notes{note(4, 1, 60)}, Ticks::quarters(4))[63], 1);
}

TEST(Histograms, AnOnsetJustBeforeTheBarLineIsOnIt) {
  Note early = note(4, 1, 60);
  early.onset -= Ticks{5};
  EXPECT_EQ(bar_histogram(Notes{early}, bars(2))[0], 1);
}

TEST(Histograms, BeatsOfABarAreTwelvePlacesApart) {
  const auto histogram = bar_histogram(Notes{note(4, 1, 60), note(5, 1, 60)}, bars(2));
  EXPECT_EQ(histogram[0], 1);
  EXPECT_EQ(histogram[12], 1);
}

TEST(KeyAgreement, IsWeightedByDuration) {
  const std::vector<Change<Key>> c_major = {{Ticks{0}, Key{}}};
  EXPECT_DOUBLE_EQ(*key_agreement(Notes{note(0, 3, 60), note(3, 1, 61)}, c_major), 0.75);
}

TEST(KeyAgreement, FollowsTheKeyOfTheMoment) {
  const std::vector<Change<Key>> keys = {{Ticks{0}, Key{}}, {Ticks::quarters(4), Key{2}}};
  EXPECT_DOUBLE_EQ(*key_agreement(Notes{note(0, 1, 60), note(4, 1, 61)}, keys), 1);
  EXPECT_DOUBLE_EQ(*key_agreement(Notes{note(0, 1, 61), note(4, 1, 60)}, keys), 0);
}

TEST(Faults, ACleanPartHasNone) {
  Part part;
  part.notes = {note(0, 2, 60), note(0, 1, 64), note(2, 2, 60)};
  EXPECT_EQ(faults_of(part, bars(1), Ticks::quarters(4)).total(), 0);
}

TEST(Faults, APitchThatStartsWhileItSoundsOverlaps) {
  Part part;
  part.notes = {note(0, 8, 60), note(1, 1, 60), note(3, 1, 60)};
  EXPECT_EQ(faults_of(part, bars(2)).overlapping, 2);
}

TEST(Faults, ANoteOfOverEightBarsIsStuck) {
  Part part;
  part.notes = {note(0, 32, 60), note(0, 33, 64)};
  EXPECT_EQ(faults_of(part, bars(9)).too_long, 1);
}

TEST(Faults, NotesMayEndWithTheLastBarAndNotLater) {
  Part part;
  part.notes = {note(0, 4, 60), note(0, 5, 64)};
  EXPECT_EQ(faults_of(part, bars(2), Ticks::quarters(3)).past_end, 1);
  EXPECT_EQ(faults_of(part, bars(2), Ticks::quarters(4)).past_end, 1);
}

TEST(Density, CountsNotesAndVoices) {
  const Density density = density_of(Notes{note(0, 2, 60), note(0, 1, 64)}, bars(2));
  EXPECT_DOUBLE_EQ(density.notes_a_bar, 1);
  EXPECT_DOUBLE_EQ(density.polyphony, 1.5);
  EXPECT_DOUBLE_EQ(density.sounding_ratio, 0.25);
}

}  // namespace
}  // namespace antiphon::music
