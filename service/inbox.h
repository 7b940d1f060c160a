// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/logger.h>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "capture/capture.h"
#include "desk.h"
#include "inbox_claims.h"
#include "inbox_folder.h"
#include "inbox_listing.h"
#include "settings/settings.h"
#include "store/store.h"

namespace vigil::service {

/// A process that may be the one a dump file's name tells of.
struct KnownProcess {
  Timestamp start;
  rules::ProcessFacts facts;
};

/// Takes dumps out of the inbox and into the store. Its content is hostile: names, sizes, kinds of
/// file and event files are checked, everything is bounded, and what cannot be taken in is removed,
/// so that nothing is looked at for ever. The order of steps is: row, move, event file; a kill
/// between any two is mended by Store::recover() and by looking at the same file again. It does not
/// own what it is given.
class Inbox {
 public:
  struct Parts {
    InboxFolder& folder;
    Desk& desk;
    store::Store& store;
    const Clock& clock;
    spdlog::logger& log;
    const settings::Settings& settings;
    std::function<std::optional<KnownProcess>(ProcessId, std::string_view name, Timestamp)>
        find_process;
    /// Nothing where no process has this id, or where it cannot be opened.
    std::function<std::optional<RunningProcess>(ProcessId)> running_process;
  };
  explicit Inbox(Parts parts)
      : parts_(std::move(parts)), listing_(parts_.folder, parts_.log, parts_.settings) {}

  struct Outcome {
    std::size_t captured = 0;  ///< Dumps that now wait for analysis.
    bool waiting = false;      ///< Files are there that need another look later.
  };
  /// Looks at every file once.
  [[nodiscard]] Outcome scan();

 private:
  using Entry = InboxFolder::Entry;
  /// What to do with a file after a look at it.
  enum class Next : std::uint8_t { Done, Later };

  void look_at(const std::vector<Entry>& entries,
               const std::set<std::string_view>& names,
               Outcome& outcome);
  [[nodiscard]] Result<Next> take_event(const Entry& entry, Outcome& outcome);
  [[nodiscard]] Result<Next> take_checked_event(const Entry& entry,
                                                InboxFile& file,
                                                const capture::InboxEvent& event,
                                                Outcome& outcome);
  [[nodiscard]] Result<Next> take_dump_of_event(const Entry& entry,
                                                const InboxFile& file,
                                                const capture::InboxEvent& event,
                                                const Verdict& verdict,
                                                Outcome& outcome);
  [[nodiscard]] Result<Next> take_other(const Entry& entry, Outcome& outcome);
  [[nodiscard]] Result<Next> take_bare_dump(const Entry& entry, Outcome& outcome);
  [[nodiscard]] Result<Next> take_dump(const Verdict& verdict,
                                       const store::Signal& signal,
                                       InboxFile& file,
                                       const std::string& name,
                                       Outcome& outcome);
  [[nodiscard]] store::Signal signal_of_bare_dump(const Entry& entry, const InboxFile& file) const;
  [[nodiscard]] Result<bool> own_dumper_saw(store::CaptureId id) const;
  [[nodiscard]] std::string doubt_of(const store::Signal& signal, const InboxFile& file) const;
  [[nodiscard]] Status give_up_on_dump(const Verdict& verdict, std::string_view why);
  [[nodiscard]] Result<Next> open_failed(const Entry& entry, const Error& error);
  /// Without a line where \p why is empty.
  [[nodiscard]] Result<Next> refuse(InboxFile& file, const Entry& entry, std::string_view why);
  [[nodiscard]] Result<Next> refuse_with_dump(InboxFile& file,
                                              const Entry& entry,
                                              const capture::InboxEvent& event,
                                              std::string_view why);
  [[nodiscard]] bool is_over_limit(const InboxFile& file);
  void count(const InboxFile& file);
  [[nodiscard]] bool has_settled(const Entry& entry);
  [[nodiscard]] bool is_older_than(const Entry& entry, Microseconds age) const;
  void fail(const std::string& name, const Error& error);

  Parts parts_;
  InboxListing listing_;
  HourlyLimit limit_;
  struct Size {
    std::uint64_t bytes = 0;
    Timestamp since;
  };
  std::map<std::string, Size> sizes_;    // of bare dumps
  std::map<std::string, int> failures_;  // to take a file in, in a row
};

/// `dumps/2026/11/17-OrdersApi.exe-1234.dmp.zst`: where the dump of a row lies, relative to the
/// data folder.
[[nodiscard]] std::string dump_file_name(store::CaptureId id,
                                         std::string_view process,
                                         ProcessId pid,
                                         Timestamp at,
                                         std::string_view inbox_name);

}  // namespace vigil::service
