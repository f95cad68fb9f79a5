//! An agent of the Agent Client Protocol: for each prompt it asks whether it may write a file, writes it
//! when it may, and says what it did.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, ContentBlock, ContentChunk, InitializeRequest, InitializeResponse,
    NewSessionRequest, NewSessionResponse, PermissionOption, PermissionOptionKind, PromptRequest,
    PromptResponse, RequestPermissionOutcome, RequestPermissionRequest, SessionId,
    SessionNotification, SessionUpdate, StopReason, TextContent, ToolCall, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind,
};
use agent_client_protocol::{Agent, Client, Error, Result, Stdio};

const FILE: &str = "src/hello.txt";

fn main() -> Result<()> {
    futures::executor::block_on(serve())
}

async fn serve() -> Result<()> {
    let folder = Arc::new(Mutex::new(PathBuf::new()));
    let of_session = Arc::clone(&folder);
    Agent
        .v1()
        .on_receive_request(
            async move |initialize: InitializeRequest, responder, _connection| {
                responder.respond(
                    InitializeResponse::new(initialize.protocol_version)
                        .agent_capabilities(AgentCapabilities::new()),
                )
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |session: NewSessionRequest, responder, _connection| {
                *of_session.lock().map_err(|_| Error::internal_error())? = session.cwd;
                responder.respond(NewSessionResponse::new("session"))
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |prompt: PromptRequest, responder, connection: ConnectionTo<Client>| {
                let folder = folder.lock().map_err(|_| Error::internal_error())?.clone();
                let talk = connection.clone();
                connection.spawn(async move {
                    work(&talk, prompt.session_id, &folder).await?;
                    responder.respond(PromptResponse::new(StopReason::EndTurn))
                })
            },
            agent_client_protocol::on_receive_request!(),
        )
        .connect_to(Stdio::new())
        .await
}

async fn work(client: &ConnectionTo<Client>, session: SessionId, folder: &Path) -> Result<()> {
    let call = ToolCall::new("write", format!("Write {FILE}")).kind(ToolKind::Edit);
    client.send_notification(SessionNotification::new(
        session.clone(),
        SessionUpdate::ToolCall(call),
    ))?;
    let fields = ToolCallUpdateFields::new().kind(ToolKind::Edit);
    let options = vec![
        PermissionOption::new("always", "Always", PermissionOptionKind::AllowAlways),
        PermissionOption::new("once", "Once", PermissionOptionKind::AllowOnce),
        PermissionOption::new("no", "No", PermissionOptionKind::RejectOnce),
    ];
    let request = RequestPermissionRequest::new(
        session.clone(),
        ToolCallUpdate::new("write", fields),
        options,
    );
    let outcome = client.send_request(request).block_task().await?.outcome;
    let said = match outcome {
        RequestPermissionOutcome::Selected(option) if &*option.option_id.0 == "once" => {
            fs::create_dir_all(folder.join("src"))
                .and_then(|()| fs::write(folder.join(FILE), "hello\n"))
                .map_err(|_| Error::internal_error())?;
            "I wrote it\nAPPROVED"
        }
        RequestPermissionOutcome::Selected(option) if &*option.option_id.0 == "no" => {
            "I may not write\nAPPROVED"
        }
        _ => "I was told something else",
    };
    // In pieces, as models speak.
    for piece in said.split_inclusive(' ') {
        let chunk = ContentChunk::new(ContentBlock::Text(TextContent::new(piece)));
        let update = SessionUpdate::AgentMessageChunk(chunk);
        client.send_notification(SessionNotification::new(session.clone(), update))?;
    }
    Ok(())
}
