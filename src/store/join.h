// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

/// Which news belong together, and what they say in sum. Pure: no database here.
namespace vigil::store {

/// Clocks of files may be this coarse (FAT keeps even seconds), so a death may seem to come this
/// much before the process was created.
inline constexpr Microseconds kClockSlack{2'000'000};

/// Whether both can be the creation time of one process. Dumps keep it in whole seconds; everything
/// else knows it exactly.
[[nodiscard]] bool same_start(Timestamp a, Timestamp b) noexcept;

/// All that same_start() takes for one start: \p whole, and what lies between \p first and \p last.
struct SameStarts {
  Timestamp whole;
  Timestamp first;
  Timestamp last;
};
[[nodiscard]] SameStarts same_starts(Timestamp start) noexcept;

/// What join needs to know of a row of the same process id.
struct Candidate {
  CaptureId id;
  std::optional<Timestamp> process_start;
  Timestamp first_signal;
  Timestamp last_signal;
};

/// The row that \p signal belongs to: of the same start, or, where one side does not know its
/// start, the newest with a signal at most \p window away. \p candidates: not manual, those of the
/// same start first, then newest first.
[[nodiscard]] std::optional<CaptureId> find_row(const Signal& signal,
                                                const std::vector<Candidate>& candidates,
                                                Microseconds window) noexcept;

/// What the signals of one row say together.
struct Facts {
  Kind kind = Kind::Exit;
  Timestamp first_signal;
  Timestamp last_signal;
  std::optional<Timestamp> process_start;
  std::string process, path, command_line;
  std::optional<std::uint32_t> exception_code, exit_code;
  std::string fault_key, detail;
  std::vector<Source> seen_by;
};

/// For each fact the earliest signal that knows it counts, whatever order the signals arrived in,
/// and those of the event log after all others; only seen_by is in order of arrival. \p signals: at
/// least one, in order of arrival.
[[nodiscard]] Facts facts_of(const std::vector<Signal>& signals);

}  // namespace vigil::store
