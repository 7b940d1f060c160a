// SPDX-License-Identifier: Apache-2.0
#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

/// One of the process, and one of each thread that impersonates.
constexpr std::uint64_t kMaxTokens = 65'536;

}  // namespace

// What a token holds is who the user is and what he may do. A report has no use for it, so it stays
// where it is.
Status read_tokens(Reader& reader, ByteView stream, std::vector<snapshot::Token>& tokens) {
  VIGIL_TRY_ASSIGN(const auto head, stream.read<format::TokenInfoList>(0));
  if (head.list_header_size < sizeof(head) ||
      head.element_header_size < sizeof(format::TokenInfoHeader)) {
    return Error{Errc::Malformed, fmt::format("its heads claim {} and {} bytes",
                                              head.list_header_size, head.element_header_size)};
  }
  std::uint64_t at = head.list_header_size;
  const auto count =
      usable_records(reader, "tokens", head.token_list_entries, stream.clamp(at, stream.size()),
                     head.element_header_size, kMaxTokens);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto raw = stream.read<format::TokenInfoHeader>(at);
    if (!raw.ok()) return raw.error();
    if (raw->token_size < head.element_header_size) {
      return Error{Errc::Malformed, fmt::format("token {} claims {} bytes, and its head has {}", i,
                                                raw->token_size, head.element_header_size)};
    }
    tokens.push_back(
        {.owner = raw->token_id, .handle = raw->token_handle, .size = raw->token_size});
    at += raw->token_size;
  }
  return {};
}

}  // namespace vigil::minidump
