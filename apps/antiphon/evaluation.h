// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "antiphon/quality_report.h"
#include "music/descriptors.h"
#include "music/quality.h"

namespace antiphon::app {

/// A score that was measured.
struct Evaluated {
  std::filesystem::path file;
  std::string melody;  ///< The part's name or number.
  music::Quality quality;
  std::optional<music::Distance> distance;  ///< From the reference of the same name.
};

/// Means over pieces, and the same with the pieces pooled into one.
class Summary {
 public:
  /// Measures a piece, and adds it.
  music::Quality add(const music::Score& score, const music::Roles& roles);
  /// Holds it against the same piece as people play it, and adds the distance.
  music::Distance compare(const music::Score& score, const music::Roles& roles,
                          const music::Score& reference, const music::Roles& reference_roles);

  std::size_t pieces() const { return pieces_; }
  /// Of the harmony: over pieces, each the same.
  music::Harmony mean_harmony() const;
  std::optional<double> mean_key_agreement() const { return key_agreement_.mean(); }
  double mean_notes_a_bar() const { return notes_a_bar_.mean().value_or(0); }
  double mean_polyphony() const { return polyphony_.mean().value_or(0); }
  music::Faults faults() const { return faults_; }
  std::optional<music::Distance> mean_distance() const;
  std::optional<music::Distance> pooled_distance() const;
  std::optional<double> mean_recurrence() const { return recurrence_.mean(); }
  /// How alike bars are that lie 1, 2, ... bars apart.
  std::array<std::optional<double>, music::Form::lags> mean_by_lag() const;
  /// From the descriptors of all pieces to those of a reference's.
  std::optional<double> frechet_distance(const Summary& reference) const;

  Json to_json() const;

 private:
  struct Mean {
    double sum = 0;
    std::size_t count = 0;
    void add(const std::optional<double>& value) {
      if (value) sum += *value, ++count;
    }
    std::optional<double> mean() const {
      return count > 0 ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
    }
  };

  std::size_t pieces_ = 0;
  std::size_t notes_ = 0;
  Mean consonant_, dissonant_, unsupported_, key_agreement_, notes_a_bar_, polyphony_, sounding_;
  Mean pitch_, pitch_class_, onset_, bar_, form_, recurrence_;
  std::array<Mean, music::Form::lags> by_lag_;
  std::vector<music::Descriptors> descriptors_;
  music::Harmony pooled_;
  music::Faults faults_;
  std::optional<std::pair<music::Histograms, music::Histograms>> histograms_;
};

}  // namespace antiphon::app
