// SPDX-License-Identifier: Apache-2.0
#include <matio.h>

#include <memory>

#include "train/benchmark_data.h"

namespace antiphon::train {
namespace {

struct Closing {
  void operator()(mat_t* file) const { Mat_Close(file); }
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using MatFile = std::unique_ptr<mat_t, Closing>;
using MatVariable = std::unique_ptr<matvar_t, Closing>;

/// One piece: a matrix of doubles, [frames, pitches], columns first, in which what isn't 0 sounds.
Result<Frames> frames_of(const matvar_t* matrix, const BenchmarkData& data) {
  const auto pitches = static_cast<std::size_t>(data.pitches);
  if (matrix == nullptr || matrix->class_type != MAT_C_DOUBLE || matrix->isComplex != 0 ||
      matrix->rank != 2 || matrix->dims[1] != pitches || matrix->data == nullptr) {
    return Error{Errc::invalid_input, "a piece is a matrix of doubles with a row a frame and " +
                                          std::to_string(pitches) + " columns"};
  }
  const std::size_t count = matrix->dims[0];
  const auto* values = static_cast<const double*>(matrix->data);
  Frames frames(count);
  for (std::size_t frame = 0; frame < count; ++frame) {
    for (std::size_t pitch = 0; pitch < pitches; ++pitch) {
      if (values[pitch * count + frame] == 0) continue;
      frames[frame].push_back(static_cast<std::int16_t>(pitch));
    }
    frames[frame].push_back(data.end());
  }
  return frames;
}

Result<std::vector<Frames>> split_of(mat_t* file, const char* name, const BenchmarkData& data) {
  const Error missing{Errc::invalid_input,
                      std::string("there is no list of pieces \"") + name + '"'};
  const MatVariable list(Mat_VarRead(file, name));
  if (list == nullptr || list->class_type != MAT_C_CELL || list->rank != 2) return missing;
  std::vector<Frames> pieces;
  for (std::size_t i = 0; i < list->dims[0] * list->dims[1]; ++i) {
    auto frames = frames_of(Mat_VarGetCell(list.get(), static_cast<int>(i)), data);
    if (!frames) {
      return Error{Errc::invalid_input, std::string(name) + ", piece " + std::to_string(i + 1) +
                                            ": " + frames.error().message};
    }
    if (!frames->empty()) pieces.push_back(std::move(*frames));
  }
  if (pieces.empty()) return missing;
  return pieces;
}

}  // namespace

Result<BenchmarkData> read_benchmark_mat(const std::string& path) {
  Mat_LogInit("antiphon");
  Mat_LogInitFunc("antiphon", [](int, char*) {});  // What is wrong is told below.
  const MatFile file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (file == nullptr) return Error{Errc::invalid_input, path + ": expected a MATLAB file"};
  BenchmarkData data;
  for (const auto& [name, pieces] :
       {std::pair{"traindata", &data.train}, std::pair{"validdata", &data.valid},
        std::pair{"testdata", &data.test}}) {
    auto split = split_of(file.get(), name, data);
    if (!split) return Error{split.error().code, path + ": " + split.error().message};
    *pieces = std::move(*split);
  }
  return data;
}

}  // namespace antiphon::train
