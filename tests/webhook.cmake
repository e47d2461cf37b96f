# Tests of webhook/: handlers as functions, and the server over loopback sockets.
writ_test(webhook LIBRARIES writ_webhook OpenSSL::SSL OpenSSL::Crypto SOURCES
  support/image_facts_fixture.cc
  support/memory_registry.cc
  support/scripted_server.cc
  unit/image/test_pki.cc
  unit/webhook/body_buffer_test.cc
  unit/webhook/bounded_threads_test.cc
  unit/webhook/connection_table_test.cc
  unit/webhook/file_watcher_test.cc
  unit/webhook/http_message_test.cc
  unit/webhook/http_server_test.cc
  unit/webhook/image_review_test.cc
  unit/webhook/image_source_test.cc
  unit/webhook/json_list_test.cc
  unit/webhook/json_syntax_test.cc
  unit/webhook/log_test.cc
  unit/webhook/policy_store_test.cc
  unit/webhook/pull_secrets_test.cc
  unit/webhook/read_file_test.cc
  unit/webhook/registry_store_test.cc
  unit/webhook/review_test.cc
  unit/webhook/routes_test.cc
  unit/webhook/serve_test.cc
  unit/webhook/test_client.cc
  unit/webhook/worker_pool_test.cc
)
