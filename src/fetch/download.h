// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "fetch/fetch.h"
#include "fetch/places.h"

namespace vigil::fetch {

/// What the transfers of one run share: who carries them, and what all of them may receive. It does
/// not own the client. Any number of threads.
class Transfers {
 public:
  /// \p on_bytes is told how many bytes came each time some came.
  Transfers(HttpClient& client,
            const Options& options,
            std::stop_token stop,
            std::function<void(std::uint64_t)> on_bytes)
      : client_(client),
        options_(options),
        stop_(std::move(stop)),
        on_bytes_(std::move(on_bytes)) {}

  /// What is at \p url goes to \p body, through redirects. False: there is nothing. Errc::Io is the
  /// server's fault, or the way's to it.
  [[nodiscard]] Result<bool> get(const std::string& url,
                                 std::uint64_t limit,
                                 const platform::ByteSink& body);
  [[nodiscard]] const Options& options() const noexcept { return options_; }

 private:
  HttpClient& client_;
  const Options& options_;
  std::stop_token stop_;
  std::function<void(std::uint64_t)> on_bytes_;
  std::atomic<std::uint64_t> received_{0};
};

/// A file that came.
struct Stored {
  std::filesystem::path file;
  std::string url;
  std::uint64_t bytes = 0;
};

/// Brings \p wanted from \p place of \p server into \p store, checked. None: the server has nothing
/// there. Errors say what was wrong with what came, or as those of Transfers::get().
[[nodiscard]] Result<std::optional<Stored>> download(Transfers& transfers,
                                                     const Wanted& wanted,
                                                     const std::string& server,
                                                     const Place& place,
                                                     const std::filesystem::path& store);

}  // namespace vigil::fetch
