// SPDX-License-Identifier: Apache-2.0
#include "fetch/download.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "fetch/identity.h"
#include "fetch/url.h"
#include "platform/platform.h"

namespace vigil::fetch {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxRedirects = 5;
/// A `file.ptr` is one path or one sentence.
constexpr std::uint64_t kMaxPointerBytes = 4096;

constexpr int kOk = 200, kNotFound = 404, kGone = 410;

bool is_redirect(int status) {
  constexpr std::array<int, 5> kRedirects = {301, 302, 303, 307, 308};
  return std::ranges::find(kRedirects, status) != kRedirects.end();
}

Status check_url(const Url& url, bool allow_http) {
  if (url.secure || allow_http || is_loopback(url)) return {};
  return Error{Errc::AccessDenied,
               fmt::format("{} has no TLS: whoever is on the way can change what comes; "
                           "--allow-http takes it all the same",
                           url.text())};
}

/// A file that comes: it exists from its first byte on.
class Incoming {
 public:
  explicit Incoming(fs::path target) : target_(std::move(target)) {}

  Status write(std::string_view bytes) {
    if (!file_) {
      VIGIL_TRY(platform::create_folders(target_.parent_path()));
      VIGIL_TRY_ASSIGN(auto file, platform::PartialFile::create(target_));
      file_ = std::move(file);
    }
    size_ += bytes.size();
    return file_->write(bytes);
  }
  /// Afterwards it can be read at path().
  Status finish() {
    if (!file_) return Error{Errc::Malformed, "the server sent an empty file"};
    return file_->finish();
  }
  Status keep() { return file_->keep(); }
  [[nodiscard]] const fs::path& path() const { return file_->path(); }
  [[nodiscard]] const fs::path& target() const noexcept { return target_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  fs::path target_;
  std::optional<platform::PartialFile> file_;
  std::uint64_t size_ = 0;
};

/// Gives what came its name, when it is what was wanted.
Result<std::optional<Stored>> store_checked(Incoming& incoming,
                                            const Wanted& wanted,
                                            bool sym,
                                            const std::string& url) {
  VIGIL_TRY(incoming.finish());
  if (auto status = check_identity(incoming.path(), wanted.kind, sym, wanted.id); !status.ok())
    return std::move(status).take_error().with_context(url + ": refused");
  VIGIL_TRY(incoming.keep());
  return std::optional<Stored>({incoming.target(), url, incoming.size()});
}

Result<std::optional<Stored>> download_plain(Transfers& transfers,
                                             const Wanted& wanted,
                                             const std::string& url,
                                             bool sym,
                                             const fs::path& target) {
  Incoming incoming(target);
  VIGIL_TRY_ASSIGN(const bool there,
                   transfers.get(url, transfers.options().limits.file_bytes,
                                 [&](std::string_view bytes) { return incoming.write(bytes); }));
  if (!there) return std::optional<Stored>();
  return store_checked(incoming, wanted, sym, url);
}

Status unpack(const fs::path& packed, std::uint64_t limit, Incoming& incoming) {
  VIGIL_TRY_ASSIGN(const auto cabinet, platform::MappedFile::open(packed));
  const auto size = platform::expand_cabinet(
      cabinet->bytes(), limit, [&](std::string_view bytes) { return incoming.write(bytes); });
  return size.ok() ? Status() : Status(size.error());
}

Result<std::optional<Stored>> download_cabinet(Transfers& transfers,
                                               const Wanted& wanted,
                                               const std::string& url,
                                               const fs::path& packed_target,
                                               const fs::path& target) {
  const auto limit = transfers.options().limits.file_bytes;
  Incoming packed(packed_target);
  VIGIL_TRY_ASSIGN(const bool there, transfers.get(url, limit, [&](std::string_view bytes) {
    return packed.write(bytes);
  }));
  if (!there) return std::optional<Stored>();
  VIGIL_TRY(packed.finish());
  Incoming incoming(target);
  if (auto status = unpack(packed.path(), limit, incoming); !status.ok())
    return std::move(status).take_error().with_context(url + ": refused");
  return store_checked(incoming, wanted, false, url);
}

/// A pointer leads to another URL, once. To a share it is not followed: that would send this
/// account's credentials to whom the server names.
Result<std::optional<Stored>> download_pointed(Transfers& transfers,
                                               const Wanted& wanted,
                                               const std::string& url,
                                               const fs::path& target) {
  std::string text;
  VIGIL_TRY_ASSIGN(const bool there,
                   transfers.get(url, kMaxPointerBytes, [&](std::string_view bytes) {
                     text += bytes;
                     return Status();
                   }));
  if (!there) return std::optional<Stored>();
  const auto line = std::string_view(text).substr(0, text.find_first_of("\r\n"));
  constexpr std::string_view kPath = "PATH:", kMessage = "MSG:";
  if (line.starts_with(kMessage)) {
    return Error{Errc::Unsupported,
                 fmt::format("{} says: {}", url, printable_utf8(line.substr(kMessage.size())))};
  }
  const auto next = line.starts_with(kPath) ? parse_url(line.substr(kPath.size()))
                                            : Result<Url>(Error{Errc::Malformed, ""});
  if (!next.ok()) {
    return Error{Errc::Unsupported, fmt::format("{} leads to '{}', which is not followed", url,
                                                printable_utf8(line.substr(0, kMaxPointerBytes)))};
  }
  VIGIL_TRY_ASSIGN(const auto from, parse_url(url));
  if (from.secure && !next->secure)
    return Error{Errc::AccessDenied, fmt::format("{} leads from https to http", url)};
  return download_plain(transfers, wanted, next->text(), false, target);
}

}  // namespace

Status check_server(std::string_view url, bool allow_http) {
  VIGIL_TRY_ASSIGN(const auto parsed, parse_url(url));
  return check_url(parsed, allow_http);
}

Result<bool> Transfers::get(const std::string& url,
                            std::uint64_t limit,
                            const platform::ByteSink& body) {
  VIGIL_TRY_ASSIGN(auto at, parse_url(url));
  std::uint64_t size = 0;
  const platform::ByteSink counted = [&](std::string_view bytes) -> Status {
    size += bytes.size();
    if (size > limit)
      return Error{Errc::LimitExceeded, fmt::format("{} is larger than {} bytes", url, limit)};
    const auto all = received_.fetch_add(bytes.size()) + bytes.size();
    if (all > options_.limits.total_bytes) {
      return Error{Errc::LimitExceeded, fmt::format("more than {} bytes were received in this run",
                                                    options_.limits.total_bytes)};
    }
    on_bytes_(bytes.size());
    return body(bytes);
  };
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    VIGIL_TRY(check_url(at, options_.allow_http));
    VIGIL_TRY_ASSIGN(const auto response, client_.get(at.text(), counted, stop_));
    if (response.status == kOk) return true;
    if (response.status == kNotFound || response.status == kGone) return false;
    if (!is_redirect(response.status) || response.location.empty())
      return Error{Errc::Io, fmt::format("{} answers with status {}", at.text(), response.status)};
    VIGIL_TRY_ASSIGN(auto next, resolve_redirect(at, response.location));
    if (at.secure && !next.secure)
      return Error{Errc::AccessDenied, fmt::format("{} leads from https to http", at.text())};
    at = std::move(next);
  }
  return Error{Errc::Io,
               fmt::format("{} leads through more than {} redirects", url, kMaxRedirects)};
}

Result<std::optional<Stored>> download(Transfers& transfers,
                                       const Wanted& wanted,
                                       const std::string& server,
                                       const Place& place,
                                       const fs::path& store) {
  const auto url = below(server, place.path);
  const auto folder = folder_in(store, wanted);
  const auto target = folder / path_from_utf8(wanted.name);
  const auto own_name = folder / path_from_utf8(place.file);
  switch (place.form) {
    case Form::Plain: return download_plain(transfers, wanted, url, false, target);
    case Form::Cabinet: return download_cabinet(transfers, wanted, url, own_name, target);
    case Form::Pointer: return download_pointed(transfers, wanted, url, target);
    case Form::Sym: break;
  }
  return download_plain(transfers, wanted, url, true, own_name);
}

}  // namespace vigil::fetch
