// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

namespace antiphon::train {
namespace {

class Alone : public Ranks {
 public:
  int rank() const override { return 0; }
  int count() const override { return 1; }
  double sum(double value) override { return value; }
  double largest(double value) override { return value; }
  void add_up(Parameters&) override {}
};

}  // namespace

Result<std::shared_ptr<Ranks>> Ranks::from_environment() {
  return std::shared_ptr<Ranks>(std::make_shared<Alone>());
}

}  // namespace antiphon::train
