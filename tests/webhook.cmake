# Tests of webhook/: handlers as functions, and the server over loopback sockets.
writ_test(webhook LIBRARIES writ_webhook OpenSSL::SSL OpenSSL::Crypto SOURCES
  unit/webhook/http_message_test.cc
  unit/webhook/http_server_test.cc
  unit/webhook/test_client.cc
)
