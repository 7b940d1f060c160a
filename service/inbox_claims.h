// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "capture/capture.h"
#include "inbox_folder.h"
#include "store/store.h"

/// What is believed of what people put into the inbox. An administrator is believed.
namespace vigil::service {

/// A process that runs, or has ended and is still held by somebody.
struct RunningProcess {
  std::string owner;  ///< In the words of InboxFile::owner(); empty: it cannot be found out.
  Timestamp start;
};

/// What an event file with this name claims and cannot be true, from who put it there; empty:
/// nothing.
[[nodiscard]] std::string_view lie_of(const capture::InboxEvent& event,
                                      std::string_view name,
                                      const InboxFile& file,
                                      Timestamp now);

/// Whether somebody asked for the dump that \p signal tells of.
[[nodiscard]] bool is_manual(const store::Signal& signal);

/// Why \p owner, who is no administrator, cannot have a dump of the process that \p signal names;
/// empty: he can. A dumper runs as whoever runs the process, which it holds until it has written
/// all, so what comes for a running process comes from its owner. \p running: who has its id now.
[[nodiscard]] std::string why_not_his(const store::Signal& signal,
                                      std::string_view owner,
                                      const std::optional<RunningProcess>& running);

/// Cuts the long texts of \p signal to what people may bring: every one stays in the store for
/// good.
void shorten(store::Signal& signal);

/// How much each owner may bring within an hour.
class HourlyLimit {
 public:
  static constexpr std::size_t kPerHour = 500;

  [[nodiscard]] bool is_used_up(const std::string& owner, Timestamp now);
  void count(const std::string& owner, Timestamp now);
  /// True once for an owner within an hour.
  [[nodiscard]] bool is_first_refusal(const std::string& owner, Timestamp now);

 private:
  struct Used {
    std::size_t count = 0;
    bool refused = false;
  };
  [[nodiscard]] Used& used(const std::string& owner, Timestamp now);

  Timestamp since_;
  std::map<std::string, Used> used_;  // nobody can be as many owners as he likes
};

}  // namespace vigil::service
