#include "common/security/certificate_facts.h"

#include <arpa/inet.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/security/openssl_handles.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

using openssl::Certificate;

absl::string_view Bytes(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string AddressText(const ASN1_STRING* address) {
  const int family = ASN1_STRING_length(address) == sizeof(in_addr) ? AF_INET : AF_INET6;
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text));
  return text;
}

std::string NameText(const X509_NAME* name) {
  return openssl::Text([name](BIO* bio) {
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  });
}

void ReadNames(X509* x, CertificateFacts* facts) {
  const openssl::Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) {
      facts->uris.emplace_back(Bytes(name->d.uniformResourceIdentifier));
    } else if (name->type == GEN_DNS) {
      facts->hosts.emplace_back(Bytes(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      facts->hosts.push_back(AddressText(name->d.iPAddress));
    }
  }
}

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem) {
  PL_ASSIGN_OR_RETURN(const std::vector<Certificate> certificates, openssl::ParseCertificates(pem));
  X509* const x = certificates[0].get();
  CertificateFacts facts;
  facts.subject = NameText(X509_get_subject_name(x));
  facts.issuer = NameText(X509_get_issuer_name(x));
  facts.serial = absl::BytesToHexString(Bytes(X509_get0_serialNumber(x)));
  facts.begins = openssl::ToTime(X509_get0_notBefore(x));
  facts.ends = openssl::ToTime(X509_get0_notAfter(x));
  ReadNames(x, &facts);
  return facts;
}

absl::StatusOr<std::vector<std::string>> SplitBundle(absl::string_view pem) {
  PL_ASSIGN_OR_RETURN(const std::vector<Certificate> certificates, openssl::ParseCertificates(pem));
  std::vector<std::string> texts;
  for (const Certificate& certificate : certificates) {
    texts.push_back(openssl::Pem(certificate.get()));
  }
  return texts;
}

absl::Status CheckKeyMatches(absl::string_view key, absl::string_view certificate) {
  PL_ASSIGN_OR_RETURN(const openssl::Key parsed, openssl::ParseKey(key));
  PL_ASSIGN_OR_RETURN(const std::vector<Certificate> certificates,
                      openssl::ParseCertificates(certificate));
  if (X509_check_private_key(certificates[0].get(), parsed.get()) == 1) return absl::OkStatus();
  (void)openssl::Error("");
  return absl::FailedPreconditionError("the key is not that of the certificate");
}

absl::Status CheckIssuedBy(absl::string_view certificate, absl::string_view bundle,
                           absl::Time now) {
  PL_ASSIGN_OR_RETURN(const std::vector<Certificate> trusted, openssl::ParseCertificates(bundle));
  PL_ASSIGN_OR_RETURN(const std::vector<Certificate> shown,
                      openssl::ParseCertificates(certificate));
  const openssl::Store store(X509_STORE_new());
  for (const Certificate& ca : trusted) X509_STORE_add_cert(store.get(), ca.get());
  STACK_OF(X509)* const between = sk_X509_new_null();
  for (size_t i = 1; i < shown.size(); ++i) sk_X509_push(between, shown[i].get());
  const openssl::StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), shown[0].get(), between);
  X509_STORE_CTX_set_time(context.get(), 0, absl::ToTimeT(now));
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  sk_X509_free(between);
  (void)openssl::Error("");
  const std::string subject = NameText(X509_get_subject_name(shown[0].get()));
  if (!good) {
    return absl::FailedPreconditionError(
        absl::StrCat(subject, ": ", X509_verify_cert_error_string(error)));
  }
  for (const int purpose : {X509_PURPOSE_SSL_CLIENT, X509_PURPOSE_SSL_SERVER}) {
    if (X509_check_purpose(shown[0].get(), purpose, /*ca=*/0) == 1) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(subject,
                     ": not for both clients and servers: extended key usage clientAuth "
                     "and serverAuth expected"));
  }
  return absl::OkStatus();
}

bool CoversHost(absl::string_view certificate, const std::string& host) {
  const absl::StatusOr<std::vector<Certificate>> parsed = openssl::ParseCertificates(certificate);
  if (!parsed.ok()) return false;
  X509* const x = parsed->front().get();
  return X509_check_ip_asc(x, host.c_str(), 0) == 1 ||
         X509_check_host(x, host.data(), host.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                         nullptr) == 1;
}

}  // namespace paceline
