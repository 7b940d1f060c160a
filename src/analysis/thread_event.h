// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "report/report.h"
#include "snapshot/snapshot.h"

namespace vigil::analysis {

/// Whether \p crash is no crash but the end or the start of a thread, at which Vigil's dumper took
/// the dump.
[[nodiscard]] bool is_thread_event(const report::Crash& crash) noexcept;

/// Puts the parameters of such an event into the words of \p crash: the code that the thread ended
/// with, or the module that it starts in, which become part of the name and so of the signature.
void decode_thread_event(const snapshot::Snapshot& snapshot, report::Crash& crash);

/// `thread 104 of OrdersApi.exe ended with code 3, in orders!Cart::total; the process lived on`.
/// \p where: ` in orders!Cart::total`, or empty.
[[nodiscard]] std::string describe_thread_event(const snapshot::Snapshot& snapshot,
                                                const report::Crash& crash,
                                                std::string_view program,
                                                std::string_view where);

}  // namespace vigil::analysis
