// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "formats/format.h"

namespace antiphon::formats {

/// What a **kern file says beside its music, and how well its bars add up.
struct KernFacts {
  int bars = 0;
  int bars_off_meter =
      0;                ///< Bars whose length is not the meter's; the first and last don't count.
  std::string genre;    ///< The AGN record, such as "Sacred; Mass".
  std::string licence;  ///< The YEM record.
};

struct KernReading {
  Reading reading;
  KernFacts facts;
};

/// `read_kern`, and the facts.
Result<KernReading> read_kern_with_facts(ByteView bytes, std::string_view name);

}  // namespace antiphon::formats
