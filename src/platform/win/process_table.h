// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/byte_view.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace vigil::platform {

/// One process, with what the system has counted of it since it started.
struct ProcessRow {
  ProcessKey key;
  ByteView name_utf16{};  ///< File name of the image; valid until the next look but one.
  Microseconds cpu{};     ///< User and kernel time of all its threads.
  std::uint64_t private_bytes = 0;
  std::uint64_t working_set = 0;
  std::uint64_t io_bytes = 0;  ///< Read, written and else.
  std::uint32_t handles = 0;
  std::uint32_t threads = 0;
  std::uint32_t session = 0;
  std::uint64_t context_switches = 0;  ///< Of its threads; only where asked for.

  [[nodiscard]] std::string name() const;
};

/// What a thread did between two looks.
struct BusyThread {
  std::uint32_t id = 0;
  Microseconds cpu{};        ///< Between the last two looks.
  Microseconds cpu_total{};  ///< Since it started.
  std::uint64_t start_address = 0;
};

/// Reads the table of processes and threads in one system call. Keeps its buffers, so that a look
/// costs no allocation. Without the idle process.
class ProcessTable {
 public:
  /// Valid until the next call. Counting context switches goes over every thread.
  enum class Switches : bool { Leave, Count };
  [[nodiscard]] Result<std::span<const ProcessRow>> read(Switches switches = Switches::Leave);

  /// Those of the last call.
  [[nodiscard]] std::span<const ProcessRow> rows() const noexcept { return rows_; }

  /// The threads of \p process that used most processor time between the last two looks, at most
  /// \p count, the busiest first; those that used none are left out.
  [[nodiscard]] std::vector<BusyThread> busiest_threads(const ProcessKey& process,
                                                        std::size_t count) const;
  /// In order.
  [[nodiscard]] std::vector<std::uint32_t> thread_ids(const ProcessKey& process) const;

 private:
  [[nodiscard]] Status fill();

  std::vector<std::byte> buffer_, before_;  // of this look and of the last
  std::vector<ProcessRow> rows_;
};

}  // namespace vigil::platform
